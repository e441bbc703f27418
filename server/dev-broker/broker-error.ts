/** Why the broker cannot start, in words that say what to do. */
export class BrokerError extends Error {
  readonly code: BrokerErrorCode;
  readonly retriable = false;
  constructor(code: BrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BrokerError';
    this.code = code;
  }
}

export type BrokerErrorCode = 'PRODUCTION' | 'PORT_IN_USE' | 'FOLDER_IN_USE' | 'FOLDER_UNUSABLE';
