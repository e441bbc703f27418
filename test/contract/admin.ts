import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { Test } from 'tap';

/** An admin client for a test. */
export async function withAdmin(t: Test, brokers: string): Promise<Admin> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  t.teardown(() => admin.disconnect());
  await admin.connect();
  return admin;
}
