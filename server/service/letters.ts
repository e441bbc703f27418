// Dead letters for HTTP: the index, what feeds it, and what is read from Kafka on demand.
import type { Letters, SearchStep } from '../http/letters.ts';
import type { Clock } from '../log/clock.ts';
import type { LogReader } from '../log/ports.ts';
import { createDeadLetterIndex, type DeadLetterIndex } from '../view/dead-letter-index.ts';
import { createLetterContents, type LetterContents } from '../view/letter-contents.ts';
import { createLetterFields } from '../view/letter-fields.ts';
import { createLetterIndexer, type LetterIndexer } from '../view/letter-indexer.ts';
import { searchLetters } from '../view/letter-search.ts';
import { createLetterContent, type ValueTerms } from './letter-content.ts';
import { letterItem } from './letter-item.ts';
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
}): {
  letters: Letters;
  indexer: LetterIndexer;
  index: DeadLetterIndex;
  contents: LetterContents;
} {
  const { follower, reader, group, topics, terms, clock } = deps;
  const topic = topics.deadLetters;
  const index = createDeadLetterIndex();
  const fieldsOf = createLetterFields({ group, topic: topics.orders });
  const indexer = createLetterIndexer({ reader: follower, topic, index, fieldsOf, clock });
  const contents = createLetterContents({ reader, topic, idOf: terms.idOf, clock });
  const partitions = () => indexer.reach().map(({ partition }) => partition);

  async function* search(text: string, signal: AbortSignal): AsyncGenerator<SearchStep, void> {
    for await (const step of searchLetters({ contents, partitions: partitions(), text, signal })) {
      const hits = step.hits.map((letter) => letterItem(letter, index.find(letter)));
      yield { ...step, hits };
    }
  }

  return {
    ...{ index, indexer, contents },
    letters: {
      list: createLetterList({ index, indexer, contents, clock }),
      content: createLetterContent({
        contents,
        index,
        terms,
        group,
        partitions: () => partitions().length,
      }),
      search,
    },
  };
}
