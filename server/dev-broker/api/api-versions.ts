// ApiVersions: the only request answered in any version: who is too new learns from version 0 what
// there is.
import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

const LATEST = 4;

export const apiVersions = defineApi(18, 'ApiVersions', [0, 32767], {
  advertised: [0, LATEST],
  flexible: [3, LATEST],
  throttledSince: Number.POSITIVE_INFINITY,
  request: {
    software: t.between(3, LATEST, t.string),
    softwareVersion: t.between(3, LATEST, t.string),
  },
  answer: {
    error: t.int16,
    ranges: t.list({ key: t.int16, min: t.int16, max: t.int16 }),
    throttle: t.between(1, LATEST, t.int32),
  },
  handle: (_, { apis }, { version }) => ({
    error: version > LATEST ? ErrorCode.UNSUPPORTED_VERSION : ErrorCode.NONE,
    ranges: apis.flatMap(({ key, advertised }) =>
      advertised ? [{ key, min: advertised[0], max: advertised[1] }] : [],
    ),
    throttle: 0,
  }),
});
