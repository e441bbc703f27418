// Where every order is, in one line that can be checked by head. Pure.
import type { Balance } from '../../server/http/contract.ts';
import { count } from './format.ts';

/** What is taken from the offsets that were read before the orders are left, and why. */
const WITHOUT = [
  ['gaps', 'gaps', 'Gaps are offsets without an order.'],
  ['lost', 'lost', 'Lost orders were gone before they were read.'],
  ['copies', 'copies', 'Copies are redriven orders that were sent more than once.'],
  ['foreign', 'foreign', 'Foreign orders were redriven for another group.'],
] as const;

/** `read 6,881 = counted 6,854 + dead letters 23 + waiting 4`, and what each word in it means. */
export function balanceWords(balance: Balance): { readonly line: string; readonly words: string } {
  const { read, counted, deadLettered, pending, corrections } = balance;
  const without = WITHOUT.filter(([key]) => balance[key] > 0);
  const less = without.map(([key, name]) => ` − ${count(balance[key])} ${name}`).join('');
  return {
    line: `read ${count(read)}${less} = counted ${count(counted)} + dead letters ${count(deadLettered)} + waiting ${count(pending)}`,
    words: [
      'Every order that was read is in exactly one of these.',
      ...without.map(([, , meaning]) => meaning),
      ...(corrections > 0
        ? [`${count(corrections)} were taken back when their dead letter was read.`]
        : []),
    ].join(' '),
  };
}
