/** What the processes of files.bench agree on: how much is sent, and how it is asked for over a bare stream. */

/** Written at once: four messages of the encrypter with the muxer's header, as in files/exchange. */
export const CHUNK_BYTES = 4 * 65_519 - 12

/** A protocol of the bench alone: so many bytes, as a decimal text, and back they come. */
export const RAW_PROTOCOL = '/taskmesh-bench/raw/1'
