// A Kafka record as values. Keys, values and header names are bytes: Kafka checks none of them.

export type RecordHeader = { readonly key: Buffer; readonly value: Buffer | null };

/** What a producer hands over; `timestamp` in ms since 1970, -1 when unknown. */
export type RecordContent = {
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
};

/** What is missing of a value that was too large to be kept: its length, and the hash (hex) of all of it. */
export type Cut = { readonly valueBytes: number; readonly sha256: string };

/** What is to be known of a record that is not as it was written; absent where it is. */
export type Flaws = {
  /** The value is only the first bytes of one of that length and hash. */
  readonly cut?: Cut;
  /** What is wrong with the record, in words; key, value and headers are what could be read of it. */
  readonly fault?: string;
};

/** A record at its place in a partition. */
export type KafkaRecord = RecordContent & Flaws & { readonly offset: number };

/**
 * A record kept for later in one copy of its own: `body` is its encoding from the key length on, so
 * that nothing of the answer it arrived in stays alive. `openRecord` gives the parts.
 */
export type StoredRecord = Flaws & {
  readonly offset: number;
  readonly timestamp: number;
  /** A short one as a text, a character for each byte (latin1): a Buffer costs ten times as much. */
  readonly body: Buffer | string;
  /** How the batch it came in was compressed (`Codec`); absent when it is not known. */
  readonly codec?: number;
  /** The value is only the first bytes of one of that length and hash (hexadecimal). */
  readonly cut?: { readonly valueBytes: number; readonly sha256: string };
};

/** An aborted transaction as a Fetch answer lists it. */
export type AbortedTransaction = { readonly producerId: number; readonly firstOffset: number };
