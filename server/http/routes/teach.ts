import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { AppError } from '../../errors.ts';
import type { TeachAnswer } from '../contract-commands.ts';
import { HttpError } from '../http-error.ts';

/** What the service does for who learns. Both that send resolve with how many orders they sent. */
export type Teach = {
  samples(): Promise<number>;
  /** One order of every kind that becomes a dead letter. */
  bad(): Promise<number>;
  /** Makes the handler fail now and then, for ten seconds. */
  fail(): void;
  /** Takes no orders for five seconds. */
  stop(): void;
};

const Body = Type.Object(
  {
    lesson: Type.Union([
      Type.Literal('samples'),
      Type.Literal('bad'),
      Type.Literal('fail'),
      Type.Literal('stop'),
    ]),
  },
  { additionalProperties: false },
);

/** `POST /teach {"lesson": "samples"}`: `{"sent": 20}`. Within the rules for requests that write. */
export function teachRoute(app: FastifyInstance, teach: Teach): void {
  app.post<{ Body: Static<typeof Body> }>('/teach', {
    bodyLimit: 256,
    schema: { body: Body },
    handler: async (request): Promise<TeachAnswer> => {
      const { lesson } = request.body;
      if (lesson === 'fail' || lesson === 'stop') {
        teach[lesson]();
        return { sent: 0 };
      }
      try {
        return { sent: await teach[lesson]() };
      } catch (error) {
        if (error instanceof AppError) throw new HttpError(503, 'NOT_WRITTEN', error.message);
        throw error;
      }
    },
  });
}
