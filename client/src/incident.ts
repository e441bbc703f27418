// The state of things as Markdown, for the chat of whoever is on call. Pure.
import type { Advice } from './advice.ts';
import { count, rate } from './format.ts';
import { lagOf, type Model } from './store.ts';

/** State, reasons and figures, with the time of the server and a link. */
export function incidentOf(word: string, advice: Advice, model: Model, link: string): string {
  const balance = model.metrics?.balance;
  const facts = [
    `lag ${count(lagOf(model))}`,
    `${rate(model.throughput)} orders/s`,
    `${count(balance?.pending)} waiting`,
    `${count(balance?.deadLettered)} dead letters`,
  ];
  const said = advice.all.length > 0 ? advice.all : [`${advice.headline} ${advice.text}`.trim()];
  return [
    `**${word}** at ${new Date(model.at).toISOString()} (${model.status.topic} → ${model.status.group})`,
    ...said.map((words) => `- ${words}`),
    `- ${facts.join(', ')}`,
    link,
  ].join('\n');
}
