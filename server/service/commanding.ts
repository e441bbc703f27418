// Dead letters and what is commanded about them, for HTTP: what stands in the topics, what a command
// would come to, what became of the others, and the writing of the next one.
import type { Config } from '../config.ts';
import type { Letters } from '../http/letters.ts';
import type { CommandPorts } from '../http/routes/commands.ts';
import type { FollowOrder } from '../http/routes/orders.ts';
import { systemClock as clock } from '../log/clock.ts';
import type { Logger } from '../log/logger.ts';
import type { LogWriter } from '../log/ports.ts';
import { createOrderInspector } from '../orders/inspect-order.ts';
import type { CommandsReader } from '../view/commands.ts';
import type { DeadLetterIndex } from '../view/dead-letter-index.ts';
import type { GroupView } from '../view/group-view.ts';
import type { createChooser } from '../view/letter-choice.ts';
import type { LetterIndexer } from '../view/letter-indexer.ts';
import { createCommandBook } from './command-book.ts';
import { createCommandDesk } from './commands.ts';
import type { Connections } from './connections.ts';
import { createLetterRedrives } from './letter-redrives.ts';
import { createLetters } from './letters.ts';
import { createOrderLives } from './order-lives.ts';
import type { OrderSchemas } from './order-schemas.ts';
import { createRedriven } from './redriven.ts';
import { createSelect } from './selecting.ts';

export type Commanding = {
  readonly letters: Letters;
  readonly follow: FollowOrder;
  readonly commands: Omit<CommandPorts, 'teach'>;
  readonly index: DeadLetterIndex;
  readonly indexer: LetterIndexer;
  /** Tells the index which of its letters were redriven. */
  tellRedrives(): Promise<void>;
};

/** Nothing is read before the index is told which partitions there are, or somebody asks. */
export function createCommanding(deps: {
  config: Config;
  connections: Connections;
  schemas: OrderSchemas;
  /** All commands, as they are read. */
  all: CommandsReader;
  choose: ReturnType<typeof createChooser>;
  view: Pick<GroupView, 'known' | 'heads'>;
  writer: LogWriter;
  logger: Logger;
}): Commanding {
  const { config, connections, schemas, all, choose, view, writer, logger } = deps;
  const { indexReader, letterReader, topics } = connections;
  const { heads } = view;
  const partitions = () => topics.partitions;
  const terms = {
    idOf: schemas.idOf,
    ready: schemas.idReady,
    ...createOrderInspector(schemas.viewer),
  };
  const { letters, indexer, index, contents } = createLetters({
    follower: indexReader,
    reader: letterReader,
    group: config.GROUP_ID,
    topics: { orders: config.ORDERS_TOPIC, deadLetters: config.DLQ_TOPIC },
    terms,
    clock,
  });
  const book = createCommandBook({
    commands: all,
    heads: () => (view.known ? heads() : null),
    now: clock.now,
  });
  const redriven = createRedriven({
    reader: letterReader,
    topic: config.CHECKPOINT_TOPIC,
    heads,
    clock,
  });
  const select = createSelect({
    ...{ partitions, choose, clock },
    reader: letterReader,
    topic: config.DLQ_TOPIC,
    redriven: redriven.of,
  });
  const desk = createCommandDesk({
    ...{ book, select, partitions, writer, clock, logger },
    group: config.GROUP_ID,
    topic: config.COMMAND_TOPIC,
    commands: all,
  });
  const follow = createOrderLives({
    ...{ contents, index, terms, partitions, clock },
    reader: letterReader,
    reach: indexer.reach,
    group: config.GROUP_ID,
    topics: {
      orders: config.ORDERS_TOPIC,
      deadLetters: config.DLQ_TOPIC,
      checkpoints: config.CHECKPOINT_TOPIC,
    },
  });
  return {
    ...{ letters, follow, index, indexer },
    commands: { desk, book },
    tellRedrives: createLetterRedrives({ index, redriven, heads, clock }),
  };
}
