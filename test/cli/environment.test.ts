import { join } from 'node:path';
import t from 'tap';
import { environment } from '../../server/cli/environment.ts';

t.test('the file .env lies beneath the environment', async (t) => {
  const dir = t.testdir({
    '.env': '# ours\nexport ONLY_IN_FILE=1\nIN_BOTH="file"\nEMPTY_HERE=2\n',
  });
  t.teardown(() => {
    delete process.env.IN_BOTH;
    delete process.env.EMPTY_HERE;
  });
  process.env.IN_BOTH = 'process';
  process.env.EMPTY_HERE = '';
  t.match(environment(join(dir, '.env')), {
    ONLY_IN_FILE: '1',
    IN_BOTH: 'process',
    EMPTY_HERE: '',
    PATH: process.env.PATH,
  });
});

t.test(
  'without the file there is the environment, and one that cannot be read is a fault',
  async (t) => {
    const dir = t.testdir({});
    t.same(environment(join(dir, '.env')), { ...process.env });
    t.throws(() => environment(dir), { code: 'CONFIG', message: /cannot be read: / });
  },
);
