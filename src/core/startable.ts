/** What can be started and stopped. Both may be called twice; no timer or socket outlives `stop`. */
export interface Startable {
  start(): Promise<void>
  stop(): Promise<void>
}
