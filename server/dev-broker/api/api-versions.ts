// ApiVersions: the only request here with flexible versions, and the only one that is answered in any
// version: a client that is too new learns from version 0 what there is.
import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

const LATEST = 4;

export const apiVersions = defineApi({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 32767],
  advertised: [0, LATEST],
  decode(reader, version) {
    if (version >= 3 && version <= LATEST) {
      reader.tags();
      reader.compactString();
      reader.compactString();
      reader.tags();
    }
    return { isKnown: version <= LATEST };
  },
  handle: ({ isKnown }, { apis }) => ({
    error: isKnown ? ErrorCode.NONE : ErrorCode.UNSUPPORTED_VERSION,
    apis: apis
      .filter((api) => api.advertised)
      .map(({ key, advertised }) => ({ key, min: advertised![0], max: advertised![1] })),
  }),
  encode(w, { error, apis }, version) {
    const flexible = version >= 3 && version <= LATEST;
    w.int16(error);
    if (flexible) w.compactLength(apis.length);
    else w.int32(apis.length);
    for (const { key, min, max } of apis) {
      w.int16(key);
      w.int16(min);
      w.int16(max);
      if (flexible) w.noTags();
    }
    if (version >= 1 && version <= LATEST) w.int32(0);
    if (flexible) w.noTags();
  },
});
