// kafkajs's errors in our words.
import { AppError, describe } from '../errors.ts';

/**
 * Throws an AppError (KAFKA) that is retriable, whatever kafkajs threw: it calls an error final once
 * it has tried often enough, and trips over a connection that breaks between two of its steps with a
 * TypeError, but a Kafka that is away comes back. An AppError stays as it is.
 */
export function fromKafkajs(error: unknown): never {
  if (error instanceof AppError) throw error;
  throw new AppError('KAFKA', describe(error), true, { cause: error });
}

/** Whether Kafka was there and said no, rather than not there; whatever kafkajs has wrapped around it. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'KafkaJSProtocolError' || isRefusal(error.cause);
}
