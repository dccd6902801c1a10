/** What the processes of files.bench agree on: how much is sent, and how it is asked for over a bare stream. */

/** Written at once. */
export const CHUNK_BYTES = 256 * 1_024

/** A protocol of the bench alone: so many bytes, as a decimal text, and back they come. */
export const RAW_PROTOCOL = '/taskmesh-bench/raw/1'
