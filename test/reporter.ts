// What `npm test` prints instead of ten thousand lines of TAP: a line for each file when it ends, and at
// the end what was skipped, what failed, and the totals.
import { Transform } from 'node:stream';

/** A test that has begun and not ended: the assertions in it so far, the failures told before it. */
type Open = { readonly name: string; assertions: number; readonly failedBefore: number };

/** A failed assertion, and what it says of itself. */
type Failure = { readonly title: string; readonly details: readonly string[] };

export type Report = {
  /** What is to be printed after a line of TAP, '' for most. */
  line(tap: string): string;
  /** What is to be printed at the end. */
  end(): string;
};

const SUBTEST = /^( *)# Subtest: (.*)$/;
const POINT = /^( *)(not )?ok \d+(?: - (.*?))?(?: # (.*))?$/;
const MAX_DETAILS = 40;

/** Makes a report of one run, as tap writes it: nested by four spaces, one test after the other. */
export function createReport(): Report {
  const open: Open[] = [];
  const failed: Failure[] = [];
  const skipped = new Map<string, Set<string>>();
  const totals: string[] = [];
  /** Where the details of the point in the line before belong; null after any other line. */
  let detailsOfPoint: string[] | null = null;
  let block: { readonly end: string; readonly lines: string[] } | null = null;

  function endPoint(depth: number, isFailed: boolean, name: string, directive: string): string {
    const ended = open[depth];
    open.length = depth;
    const around = open.map((test) => test.name);
    const [, words] = /^(?:skip|todo)\b\s*(.*)$/i.exec(directive) ?? [];
    detailsOfPoint = [];
    if (words !== undefined) {
      const why = words ? `${name}: ${words}` : name;
      skipped.set(why, (skipped.get(why) ?? new Set()).add(around[0] ?? name));
      // What failed inside a test has told it already.
    } else if (isFailed && failed.length === (ended?.failedBefore ?? failed.length)) {
      failed.push({ title: [...around, name].join(' > '), details: detailsOfPoint });
    }
    const assertions = ended?.assertions ?? 1;
    if (depth > 0) open[depth - 1]!.assertions += assertions;
    return depth > 0 ? '' : `${isFailed ? 'FAIL' : 'ok  '} ${name} (${assertions})\n`;
  }

  return {
    line(tap) {
      if (block !== null) {
        if (tap === block.end) block = null;
        else block.lines.push(tap.slice(block.end.length - '...'.length));
        return '';
      }
      const begin = /^( *)---$/.exec(tap);
      if (begin && detailsOfPoint !== null) {
        block = { end: `${begin[1]}...`, lines: detailsOfPoint };
        return '';
      }
      detailsOfPoint = null;
      const [, indent = '', name = ''] = SUBTEST.exec(tap) ?? [];
      if (name !== '') {
        open.length = Math.min(open.length, indent.length / 4);
        open.push({ name, assertions: 0, failedBefore: failed.length });
        return '';
      }
      const point = POINT.exec(tap);
      const depth = (point?.[1] ?? '').length / 4;
      // What a test prints may look like TAP, and stands wherever it likes.
      if (point && Number.isInteger(depth) && depth <= open.length) {
        const [, , not, name = '', directive = ''] = point.map((part) =>
          part?.replace(/\\(.)/g, '$1'),
        );
        return endPoint(depth, not !== undefined, name, directive);
      }
      if (tap.startsWith('# ')) totals.push(tap);
      return tap.startsWith('Bail out!') ? `${tap}\n` : '';
    },
    end() {
      const skips = [...skipped].map(([why, files]) => `- ${why} (${[...files].join(', ')})`);
      const failures = failed.map(({ title, details }) =>
        [`- ${title}`, ...withoutSource(details).slice(0, MAX_DETAILS)].join('\n    '),
      );
      const parts = [
        ...(skips.length > 0 ? [`Skipped, and how to enable it:\n${skips.join('\n')}`] : []),
        ...(failures.length > 0 ? [`Failed:\n${failures.join('\n')}`] : []),
        totals.join('\n'),
      ];
      return `\n${parts.join('\n\n')}\n`;
    },
  };
}

/** The stack says where it is; the lines around would hide the difference. */
function withoutSource(details: readonly string[]): string[] {
  let isSource = false;
  return details.filter((line) => {
    if (/^\S/.test(line)) isSource = line.startsWith('source:');
    return !isSource;
  });
}

/** The report as the stream that tap writes to; a class, because tap calls it with `new`. */
export default class Reporter extends Transform {
  constructor() {
    const report = createReport();
    let rest = '';
    super({
      decodeStrings: false,
      encoding: 'utf8',
      transform(chunk, _encoding, done) {
        const lines = `${rest}${chunk}`.split('\n');
        rest = lines.pop() ?? '';
        done(null, lines.map(report.line).join(''));
      },
      flush: (done) => done(null, report.line(rest) + report.end()),
    });
  }
}
