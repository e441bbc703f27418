// ApiVersions: the only request here with flexible versions (KIP-482), of which nothing but the answer
// matters, and the only one answered in any version: who is too new learns from version 0 what there is.
import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

const LATEST = 4;
const flexible = (field: t.Field<number>) => t.between(3, LATEST, field);

const range = t.struct({ key: t.int16, min: t.int16, max: t.int16, tags: flexible(t.int8) });
const plain = t.array(range);
const ranges: typeof plain = {
  ...plain,
  write(writer, value, version) {
    if (version < 3 || version > LATEST) return plain.write(writer, value, version);
    t.int8.write(writer, value.length + 1, version);
    for (const each of value) range.write(writer, each, version);
  },
};

export const apiVersions = defineApi(18, 'ApiVersions', [0, 32767], {
  advertised: [0, LATEST],
  throttledSince: Number.POSITIVE_INFINITY,
  request: {},
  answer: {
    error: t.int16,
    ranges,
    throttle: t.between(1, LATEST, t.int32),
    tags: flexible(t.int8),
  },
  handle: (_, { apis }, { version }) => ({
    error: version > LATEST ? ErrorCode.UNSUPPORTED_VERSION : ErrorCode.NONE,
    ranges: apis.flatMap(({ key, advertised }) =>
      advertised ? [{ key, min: advertised[0], max: advertised[1], tags: 0 }] : [],
    ),
    throttle: 0,
    tags: 0,
  }),
});
