import fc from 'fast-check';
import t from 'tap';
import {
  type Command,
  type CommandBody,
  decodeCommand,
  encodeCommand,
  type RedriveCommand,
} from '../../server/log/command.ts';

const author = {
  group: 'g',
  id: 'a-1',
  at: 1_700_000_000_000,
  by: 'ada',
  from: '::1',
  why: 'mended',
};
const redrive: Command<RedriveCommand> = {
  ...author,
  kind: 'redrive',
  selection: { kind: 'offsets', offsets: [0, 1, 7, 2 ** 52 - 1] },
  selected: 4,
  rate: 12.5,
  notBefore: 0,
  canary: { count: 2, maxFailed: 0.25 },
  maxRedrives: 3,
  value: null,
};

t.test('every kind of command is read as it was written', async (t) => {
  const bodies: CommandBody[] = [
    redrive,
    { ...redrive, selection: { kind: 'offsets', offsets: [5] }, value: Buffer.from([0, 255]) },
    { ...redrive, rate: null, canary: null, selection: { kind: 'filter', below: 9, filter: {} } },
    {
      ...redrive,
      selection: {
        kind: 'filter',
        below: 0,
        filter: { code: 'EMPTY', group: 'EMPTY: no bytes', from: 1, to: 2, q: 'ä' },
      },
    },
    { kind: 'cancel' },
    { kind: 'pause', breaker: true },
    { kind: 'pause', breaker: false },
    { kind: 'resume' },
    { kind: 'closed', outcome: 'done', seen: 5, failedAgain: 1 },
    { kind: 'closed', outcome: 'stopped', seen: 6, failedAgain: 5 },
  ];
  for (const body of bodies) {
    const command: Command = { ...author, ...body };
    t.same(decodeCommand(encodeCommand(command)), command);
  }
});

t.test('a newer version is passed over with words', async (t) => {
  const bytes = encodeCommand(redrive);
  bytes[0] = 2 << 1;
  t.match(decodeCommand(bytes), /of version 2, this service reads up to 1/);
});

t.test('whatever the bytes are, the answer is a command or words', async (t) => {
  t.match(decodeCommand(Buffer.alloc(0)), /cannot be decoded/);
  const whole = encodeCommand(redrive);
  for (let end = 0; end < whole.length; end += 1) {
    t.type(decodeCommand(whole.subarray(0, end)), 'string', `cut to ${end} bytes`);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(whole.length - 1), (bytes, at) => {
      const changed = Buffer.concat([whole.subarray(0, at), bytes]);
      const read = decodeCommand(changed);
      if (typeof read !== 'string') decodeCommand(encodeCommand(read));
    }),
  );
});

t.test(
  'a value out of its bounds is not written, and not followed when others wrote it',
  async (t) => {
    const filter = { kind: 'filter' as const, below: 1, filter: {} };
    const wrong: [Partial<Command<RedriveCommand>>, RegExp][] = [
      [{ id: '' }, /id/],
      [{ id: 'a b' }, /id/],
      [{ at: Number.NaN }, /no time/],
      [{ why: 'x'.repeat(1025) }, /1024 characters/],
      [{ rate: 0 }, /rate/],
      [{ rate: Number.POSITIVE_INFINITY }, /rate/],
      [{ rate: Number.NaN }, /rate/],
      [{ notBefore: -1 }, /time to begin/],
      [{ maxRedrives: 0 }, /redrives/],
      [{ canary: { count: 0, maxFailed: 0 } }, /canary/],
      [{ canary: { count: 1, maxFailed: 1.1 } }, /share/],
      [{ value: Buffer.from('x') }, /one letter/],
      [
        { value: Buffer.alloc(65_537), selection: { kind: 'offsets', offsets: [1] } },
        /65536 bytes/,
      ],
      [{ selection: { kind: 'offsets', offsets: [2, 1] } }, /offsets/],
      [{ selection: { kind: 'offsets', offsets: [1, 1] } }, /offsets/],
      [{ selection: { kind: 'offsets', offsets: [-1] } }, /offsets/],
      [{ selection: { kind: 'offsets', offsets: [0.5] } }, /offsets/],
      [{ selection: { ...filter, below: 2 ** 53 } }, /end of the dead letters/],
      [{ selection: { ...filter, filter: { q: 'x'.repeat(1025) } } }, /texts of a filter/],
      [{ selection: { ...filter, filter: { from: -5 } } }, /time in the filter/],
    ];
    for (const [change, words] of wrong) {
      const command: Command = { ...redrive, ...change };
      t.throws(() => encodeCommand(command), { code: 'BAD_COMMAND', message: words });
    }
  },
);
