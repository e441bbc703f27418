import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { AppError } from '../../errors.ts';
import type { Clock } from '../../log/clock.ts';
import { notKnown } from '../answer.ts';
import { type Audit, callerOf } from '../audit.ts';
import {
  badBody,
  EditBody,
  PauseBody,
  RedriveBody,
  redriveRequest,
  selectionOf,
  Why,
} from '../command-body.ts';
import { pausedShown, redriveAnswer, redriveShown } from '../command-shown.ts';
import type { Caller, CommandBook, CommandDesk, RedriveRequest } from '../commands.ts';
import type {
  EditAnswer,
  PauseAnswer,
  RedriveAnswer,
  RedriveShown,
  Redrives,
} from '../contract-commands.ts';
import { HttpError } from '../http-error.ts';
import { LIMIT_PATTERN, placeOf } from '../letter-query.ts';
import type { Edit, LetterContent, LetterList } from '../letters.ts';
import type { StatusSource } from '../overview.ts';
import { orBusy, patienceOf } from '../patience.ts';
import { createWriteLimit, type WriteAccess } from '../writing.ts';
import { noLetter } from './letters.ts';
import { type Teach, teachRoute } from './teach.ts';

/** A body of ids; what asks for more says it with a filter. */
const BODY_BYTES = 4096;
/** An edited value of 64 KiB in base64 or JSON, and what stands around it. */
const EDIT_BYTES = 96 * 1024;

const ListQuery = Type.Object(
  { limit: Type.String({ pattern: LIMIT_PATTERN, default: '50' }) },
  { additionalProperties: false },
);
const CancelQuery = Type.Object({ why: Type.Optional(Why) }, { additionalProperties: false });
type Id = { Params: { id: string } };

export type CommandPorts = {
  readonly desk: CommandDesk;
  readonly book: CommandBook;
  /** Null where the orders are in earnest. */
  readonly teach: Teach | null;
};

type Deps = {
  source: StatusSource;
  commands: CommandPorts;
  list: LetterList;
  content: LetterContent;
  access: WriteAccess;
  audit: Audit;
  clock: Clock;
  /** Ms since 1970. */
  now: () => number;
};

/** `/redrives`, `PUT /dlq/:id/redrive`, `/pause` and `/resume`. */
export async function commandRoutes(app: FastifyInstance, deps: Deps): Promise<void> {
  readingRoutes(app, deps);
  await app.register(async (writing) => {
    const limit = createWriteLimit(deps.clock);
    writing.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store');
      limit(request, reply);
    });
    writing.addHook('preParsing', async (request, reply) => deps.access.admit(request, reply));
    writing.setSchemaErrorFormatter((faults) => badBody(faults));
    redriveRoutes(writing, deps);
    pauseRoutes(writing, deps);
    if (deps.commands.teach !== null) teachRoute(writing, deps.commands.teach);
  });
}

function readingRoutes(app: FastifyInstance, { source, commands }: Deps): void {
  app.get<{ Querystring: Static<typeof ListQuery> }>('/redrives', {
    schema: { querystring: ListQuery },
    schemaErrorFormatter: () =>
      new HttpError(400, 'BAD_QUERY', 'the only parameter is limit, an integer from 1 to 1000'),
    handler: async (request, reply): Promise<Redrives> => {
      reply.header('cache-control', 'no-store');
      const all = commands.book.redrives();
      if (all === null) throw notKnown(reply, source.status());
      const redrives = all.slice(0, Number(request.query.limit)).map(redriveShown);
      return { total: all.length, redrives };
    },
  });
  app.get<Id>('/redrives/:id', async (request, reply): Promise<RedriveShown> => {
    reply.header('cache-control', 'no-store');
    if (commands.book.redrives() === null) throw notKnown(reply, source.status());
    const report = commands.book.redrive(request.params.id);
    if (report === null) throw new HttpError(404, 'UNKNOWN_COMMAND', 'there is no such redrive');
    return redriveShown(report);
  });
}

function redriveRoutes(app: FastifyInstance, deps: Deps): void {
  const { commands, audit, now, content, list, source } = deps;

  async function carryOut(
    request: FastifyRequest,
    reply: FastifyReply,
    redrive: RedriveRequest,
    dryRun: boolean,
  ): Promise<RedriveAnswer> {
    const who = whoAsks(request);
    if (dryRun) {
      const preview = await attempt(() => commands.desk.preview(redrive));
      audit.onlyAsked(request);
      return redriveAnswer({ id: null, ...preview });
    }
    const answer = await attempt(() => commands.desk.redrive(redrive, who));
    audit.note(request, { id: answer.id, selected: answer.selected, why: redrive.why });
    reply.code(202);
    return redriveAnswer(answer);
  }

  app.post<{ Body: RedriveBody }>('/redrives', {
    bodyLimit: BODY_BYTES,
    schema: { body: RedriveBody },
    handler: async (request, reply) => {
      const { selection, dryRun = false, ...how } = request.body;
      const redrive = redriveRequest(selectionOf(selection), how, now());
      return carryOut(request, reply, redrive, dryRun);
    },
  });

  app.put<Id & { Body: EditBody }>('/dlq/:id/redrive', {
    bodyLimit: EDIT_BYTES,
    schema: { body: EditBody },
    handler: async (request, reply): Promise<EditAnswer> => {
      const place = placeOf(request.params.id);
      if (place === null)
        throw new HttpError(404, 'NO_SUCH_LETTER', 'there is no such dead letter');
      if (list.reach() === null) throw notKnown(reply, source.status());
      const { value, dryRun = false, ...how } = request.body;
      const signal = patienceOf(reply);
      const edited = await orBusy(content.edited(place, editOf(value), signal), signal);
      if ('missing' in edited) throw noLetter(edited);
      if ('fault' in edited) throw new HttpError(422, 'BAD_VALUE', edited.fault);
      const redrive = redriveRequest({ places: [place] }, how, now(), edited.value);
      const answer = await carryOut(request, reply, redrive, dryRun);
      return { ...answer, decoded: edited.decoded, difference: [...edited.difference] };
    },
  });

  app.delete<Id & { Querystring: Static<typeof CancelQuery> }>('/redrives/:id', {
    schema: { querystring: CancelQuery },
    handler: async (request): Promise<RedriveShown> => {
      const { why = '' } = request.query;
      const who = whoAsks(request);
      const report = await attempt(() => commands.desk.cancel(request.params.id, why, who));
      audit.note(request, { id: report.id, sent: report.sent, why });
      return redriveShown(report);
    },
  });
}

function pauseRoutes(app: FastifyInstance, { commands, audit }: Deps): void {
  for (const [path, paused] of [
    ['/pause', true],
    ['/resume', false],
  ] as const) {
    app.post<{ Body: PauseBody }>(path, {
      bodyLimit: BODY_BYTES,
      schema: { body: PauseBody },
      handler: async (request): Promise<PauseAnswer> => {
        const { partitions = null, why } = request.body;
        const who = whoAsks(request);
        const asked = { partitions, why };
        const changed = await attempt(() => commands.desk.setPaused(paused, asked, who));
        audit.note(request, { partitions: changed, why });
        return { changed: [...changed], paused: commands.book.paused().map(pausedShown) };
      },
    });
  }
}

function whoAsks(request: FastifyRequest): Caller {
  const by = callerOf(request);
  if (by !== null) return { by, from: request.ip };
  const words = 'X-Requested-By is a name of 1 to 64 characters of ASCII';
  throw new HttpError(400, 'BAD_NAME', words);
}

function editOf({ json, base64 }: EditBody['value']): Edit {
  return base64 === undefined ? { json } : { bytes: Buffer.from(base64, 'base64') };
}

const statusOf = new Map([
  ['UNKNOWN_LETTER', 404],
  ['UNKNOWN_COMMAND', 404],
  ['UNKNOWN_PARTITION', 404],
  ['ALREADY_ENDED', 409],
  ['NOTHING_SELECTED', 422],
  ['BAD_COMMAND', 400],
  ['NOT_KNOWN_YET', 503],
  ['NOT_READ', 503],
  ['NOT_WRITTEN', 503],
]);

/** What the desk refuses is the client's to hear. */
async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const status = error instanceof AppError ? statusOf.get(error.code) : undefined;
    if (status === undefined) throw error;
    const { code, message } = error as AppError;
    throw new HttpError(status, code, message);
  }
}
