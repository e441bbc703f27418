// Dead letters for HTTP: the index, what feeds it, and what is read from Kafka on demand.
import type { Letters } from '../http/letters.ts';
import type { Clock } from '../log/clock.ts';
import type { LogReader } from '../log/ports.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { createDeadLetterIndex, type DeadLetterIndex } from '../view/dead-letter-index.ts';
import { createLetterContents } from '../view/letter-contents.ts';
import { createLetterFields } from '../view/letter-fields.ts';
import { createLetterIndexer, type LetterIndexer } from '../view/letter-indexer.ts';
import { searchLetters } from '../view/letter-search.ts';
import { createLetterContent, type ValueTerms } from './letter-content.ts';
import { letterItem, letterUnder } from './letter-item.ts';
import { createLetterList } from './letter-list.ts';

/** What stands in `deadLetters`, for orders that `group` gave up in `orders`. */
export function createLetters(deps: {
  /** Follows the topic for the index. */
  follower: LogReader;
  /** Reads single letters: nobody follows anything with it, so nothing has to wait. */
  reader: LogReader;
  group: string;
  topics: { readonly orders: string; readonly deadLetters: string };
  terms: ValueTerms;
  clock: Clock;
}): { letters: Letters; indexer: LetterIndexer; index: DeadLetterIndex } {
  const { follower, reader, group, topics, terms, clock } = deps;
  const topic = topics.deadLetters;
  const index = createDeadLetterIndex();
  const fieldsOf = createLetterFields({ group, topic: topics.orders });
  const indexer = createLetterIndexer({ reader: follower, topic, index, fieldsOf, clock });
  const contents = createLetterContents({ reader, topic, clock });
  const partitions = () => indexer.reach().map(({ partition }) => partition);
  const read = (partition: number, cursor: RecordCursor) =>
    letterUnder(cursor, partition, terms.idOf);
  const hit = (partition: number, cursor: RecordCursor) => {
    const { offset } = cursor;
    return letterItem(read(partition, cursor), index.find({ partition, offset }));
  };
  return {
    index,
    indexer,
    letters: {
      list: createLetterList({ index, indexer, contents, read, clock }),
      content: createLetterContent({
        contents,
        index,
        terms,
        group,
        partitions: () => partitions().length,
      }),
      search: (text, signal) =>
        searchLetters({ contents, partitions: partitions(), text, hit, signal }),
    },
  };
}
