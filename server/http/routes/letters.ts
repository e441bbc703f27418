import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { notKnown, sendJson } from '../answer.ts';
import type { Holds } from '../holds.ts';
import { HttpError } from '../http-error.ts';
import { LIMIT_PATTERN, placeOf } from '../letter-query.ts';
import type { LetterContent, LetterList, NoLetter } from '../letters.ts';
import type { StatusSource } from '../overview.ts';
import { orBusy, patienceOf } from '../patience.ts';

const GroupsQuery = Type.Object(
  { limit: Type.String({ pattern: LIMIT_PATTERN, default: '100' }) },
  { additionalProperties: false },
);

type Deps = { source: StatusSource; list: LetterList; content: LetterContent; holds: Holds };

/** `GET /dlq/groups` and `GET /dlq/:id`: the kinds of dead letters, and one letter in full. */
export async function letterRoutes(app: FastifyInstance, deps: Deps): Promise<void> {
  const { source, list, content, holds } = deps;

  app.get<{ Querystring: Static<typeof GroupsQuery> }>('/dlq/groups', {
    schema: { querystring: GroupsQuery },
    schemaErrorFormatter: () =>
      new HttpError(400, 'BAD_QUERY', 'the only parameter is limit, an integer from 1 to 1000'),
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const groups = list.groups(Number(request.query.limit));
      if (groups === null) throw notKnown(reply, source.status());
      return sendJson(reply, holds, Buffer.from(JSON.stringify(groups)));
    },
  });

  app.get<{ Params: { id: string } }>('/dlq/:id', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const place = placeOf(request.params.id);
    if (place === null) throw new HttpError(404, 'NO_SUCH_LETTER', NO_ID);
    if (list.reach() === null) throw notKnown(reply, source.status());
    const signal = patienceOf(reply);
    const letter = await orBusy(content.letter(place, signal), signal);
    if ('missing' in letter) throw noLetter(letter);
    return sendJson(reply, holds, Buffer.from(JSON.stringify(letter)));
  });
}

const NO_ID = 'a dead letter is named by partition and offset, such as 0-17';

/** Why there is none, as an error. */
export function noLetter(no: NoLetter): HttpError {
  switch (no.missing) {
    case 'expired':
      return new HttpError(
        404,
        'EXPIRED',
        `retention has taken this dead letter: its partition begins at offset ${no.low}`,
      );
    case 'never':
      return new HttpError(
        404,
        'NO_SUCH_LETTER',
        `there never was such a dead letter: its partition ends at offset ${no.end}`,
      );
    case 'none':
      return new HttpError(404, 'NO_SUCH_LETTER', 'there is no record at this offset');
    case 'partition':
      return new HttpError(
        404,
        'NO_SUCH_LETTER',
        `there is no such partition: they are 0 to ${no.partitions - 1}`,
      );
  }
}
