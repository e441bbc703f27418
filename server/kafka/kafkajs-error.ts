// kafkajs's errors in our words.
import { AppError, describe, isProgrammerError } from '../errors.ts';

/**
 * Throws an AppError (KAFKA) that is retriable: kafkajs calls an error final once it has tried often
 * enough, but a Kafka that is away comes back. Errors of our own and of programmers stay as they are.
 */
export function fromKafkajs(error: unknown): never {
  if (error instanceof AppError || isProgrammerError(error)) throw error;
  throw new AppError('KAFKA', describe(error), true, { cause: error });
}
