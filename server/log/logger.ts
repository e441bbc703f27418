// What the service writes about itself, as the parts that do not know the logger library see it.

type Write = (message: string, fields?: Record<string, unknown>) => void;

export type Logger = { debug: Write; info: Write; warn: Write; error: Write };
