/**
 * The bounds of everything that a stranger could make grow, in one table, with one line each on why
 * this number. `docs/limits.md` shows them to users.
 */
import { assert } from './assert.ts'

const KIB = 1_024
const MIB = 1_024 * KIB

export const LIMITS = {
  /** One task's document: inputs above this belong in files. */
  taskBytesMax: 1 * MIB,
  /** One submission with all its `each` items; held once while it is validated. */
  submissionBytesMax: 64 * MIB,
  /** Items of one array job. */
  jobItemsMax: 100_000,
  /** What one task may return; larger results belong in files. */
  resultBytesMax: 4 * MIB,
  /** Of that, what travels in the answer and stays with the router; a longer result becomes a file of the mesh. */
  resultInlineBytesMax: 256 * KIB,
  /** Results in a router's memory that wait for their checks; above it no task begins whose result would have to wait. */
  uncheckedBytesMax: 256 * MIB,
  /** Milliseconds in which the inputs of a task must have come: 1 TiB at 50 MB/s. */
  fetchMsMax: 6 * 3_600_000,
  /** Milliseconds in which its outputs must be taken in: 1 TiB is hashed in less, and copied at 300 MB/s. */
  publishMsMax: 3_600_000,
  /** All files of one wasm task that asks for no disk, input files too; they live in the memory of its sandbox. */
  taskFileBytesMax: 64 * MIB,
  /** Those files, and the folders that hold them. */
  taskFilesMax: 4_096,
  /** A module that is a file of the mesh: interpreters of other languages have some 30 MiB. */
  moduleBytesMax: 64 * MIB,
  /** A source text that is such a file: a bundle of everything that a task needs. */
  sourceBytesMax: 4 * MIB,
  /** All inputs of one javascript task, and all that it leaves; what it holds of them is its memory besides. */
  javascriptFileBytesMax: 32 * MIB,
  /** Of what one task writes, what is kept with the router; the rest is counted and dropped. */
  logBytesMax: 64 * KIB,
  /** Of what a program writes, what becomes a file of the mesh where it is more than that. */
  logSpoolBytesMax: 64 * MIB,
  /** One frame of a session: the largest result with its envelope. */
  frameBytesMax: 4 * MIB + 64 * KIB,
  /** One request of the JSON binding: a whole submission may come through it. */
  commandBytesMax: 64 * MIB,
  /** JSON nests no deeper than this; recursion in any validator stays far from the stack's end. */
  jsonDepthMax: 64,
  /** Objects and lists in one JSON text: each takes some sixty bytes once parsed, and two in the text. */
  jsonContainersMax: 1_000_000,
  /** Requests one peer may have unanswered on its session. */
  sessionRequestsMax: 1_024,
  /** Bytes of unanswered requests one peer may make us hold. */
  sessionRequestBytesMax: 64 * MIB,
  /** Bytes waiting to be written to one peer before the session is given up as stuck. */
  sessionWriteBytesMax: 64 * MIB,
  /** Streams of the JSON binding that one connection may have open; more get a typed refusal. */
  commandStreamsMax: 64,
  /** The same over all peers. */
  commandStreamsTotalMax: 4_096,
  /** What is needed to introduce oneself or to join: a signed text of 8 KiB or two. */
  strangerCommandBytesMax: 64 * KIB,
  /** A thousand notices with their delegations, or what a router has seen of two thousand workers. */
  memberCommandBytesMax: 4 * MIB,
  /** Bytes of JSON requests that all peers together may make us hold: four whole submissions. */
  commandBytesTotalMax: 256 * MIB,
  /** Streams of one protocol that libp2p lets a connection open before it resets them. */
  streamsPerProtocolMax: 2_048,
  /** Circuits that a relay carries at a time, and those that one of its peers has asked for; some 40 KiB each. */
  circuitsMax: 4_096,
  circuitsPerPeerMax: 512,
  /** Those from one peer to another: as many as it may have connections there, so that others find room. */
  circuitsPerPairMax: 8,
  /** Members that one issuer lets in, and that one node knows by their certificates; some 3 KiB each. */
  membersMax: 10_000,
  /** Bans and pardons that a mesh may have; each node keeps them all, some 700 bytes each. */
  noticesMax: 10_000,
  /** Those of one signer: a bootstrap that somebody has taken over must leave room for what others say. */
  noticesPerIssuerMax: 2_000,
  /** Nodes that wait until an operator of the mesh has decided about them. */
  pendingMembersMax: 1_000,
  /** Connections that one peer opens: one is enough, and some may be dead without our knowing yet. */
  peerConnectionsMax: 8,
  /** Connections from one address that are still being set up: a lab or an office that starts as a whole. */
  pendingConnectionsPerAddressMax: 256,
  /** The same over all addresses, so that one address leaves room for others. */
  pendingConnectionsMax: 512,
  /** Connections from one address of peers that have shown no certificate yet. */
  strangersPerAddressMax: 128,
  /** The same over all addresses; far below the connections that a node takes, so that members find room. */
  strangersMax: 512,
  /** Streams of one peer that wait until it has shown its certificate. */
  waitingStreamsMax: 8,
  /** The same over all peers. */
  waitingStreamsTotalMax: 2_048,
  /** Peers of whom a node remembers what they did wrong; some 200 bytes each. */
  conductPeersMax: 4_096,
  /** Peers of whom it remembers how much they have sent lately. */
  pacedPeersMax: 8_192,
  /** Peers whose addresses a node remembers beyond those that are connected; some 2 KiB each. */
  knownPeersMax: 16_384,
  /** Of those that it was connected with, how many it finds again after a restart; some 300 bytes each, in its folder. */
  peerBookMax: 256,
  /** Addresses of one peer: each of a machine with many networks, as a capability record may name them. */
  peerAddressesMax: 32,
  /** One such address. */
  addressBytesMax: 512,
  /** Peers that are dialled at a time: more wait for their turn than a node has connections. */
  dialledPeersMax: 2_048,
  /** Addresses tried at a time, of all peers together: each has a socket, and may be dead for six seconds. */
  dialTriesMax: 512,
  /** Of one peer: those of its networks that answer nothing leave room for those that do. */
  dialTriesPerPeerMax: 8,
  /** DHT keys under which one peer is noted: all its files, its namespace, and room. */
  providerRecordsPerPeerMax: 2_000,
  /** Peers noted under one key: three times what a shard of a namespace should have. */
  providersPerKeyMax: 1_000,
  /** Such notes in all; some 500 bytes each. */
  providerRecordsMax: 100_000,
  /** Bytes of one answer of the DHT: a full key, and the peers that are closer. */
  dhtAnswerBytesMax: 1 * MIB,
  /** One message of gossip: many records that a neighbour has asked for at once. */
  gossipBytesMax: 4 * MIB,
  /** What waits to be written to one connection beyond what its streams hold back. */
  connectionWriteBytesMax: 16 * MIB,
  /** Workers one router keeps in its directory. */
  directoryWorkersMax: 10_000,
  /** Workers that it introduces itself to at the same time; others wait their turn. */
  contactsAtOnceMax: 32,
  /** Workers that a bootstrap remembers to have heard of, in all namespaces; some 8 KiB each. */
  registryWorkersMax: 20_000,
  /** Their signed records, each as long as its worker makes it. */
  registryBytesMax: 64 * MIB,
  /** Workers whose history a router keeps beside their score: some 4 KiB each, in memory and in each checkpoint. */
  reputationHistoriesMax: 2_000,
  /** Workers of whom one router tells another what it has seen; some 120 bytes each. */
  experienceWorkersMax: 2_000,
  /** All of that, signed: twice what so many workers take. */
  experienceBytesMax: 512 * KIB,
  /** Milliseconds a task may wait at a worker for a slot; then it goes back, as others may be free. */
  workerWaitMsMax: 10_000,
  /** Candidates that a stored decision record lists; the rest are counted by reason. */
  decisionCandidatesMax: 20,
  /** Attempts of one item, whatever the job asks for. */
  attemptsMax: 100,
  /** Items that one router has queued or running before it refuses more; some 1.5 KiB of memory each. */
  queuedItemsMax: 1_000_000,
  /** Jobs that one job waits for, what its inputs imply among them. */
  jobNeedsMax: 64,
  /** Jobs of one graph. */
  graphJobsMax: 1_000,
  /** Ended tasks whose results one worker keeps for routers that have not taken them. */
  keptResultsMax: 10_000,
  /** Bytes of those results. */
  keptResultBytesMax: 128 * MIB,
  /** One file of those that a router copies to itself from the workers whose tasks left them; larger ones stay there alone. */
  outputCopyBytesMax: 64 * MIB,
  /** Such files that one router has to copy still. */
  outputCopiesMax: 10_000,
  /** Milliseconds a worker keeps a result for a router that does not come back. */
  keptResultMsMax: 3_600_000,
  /** Leases that one RELEASE_TASKS names. */
  releasedLeasesMax: 1_024,
  /** Events that a router remembers for a reader that was away. */
  eventsKeptMax: 16_384,
  /** Those for whom a file is kept, as they are told to others. */
  keepsShownMax: 64,
  /** Files that one router sees to being kept, by storage jobs. */
  storageOrdersMax: 10_000,
  /** Shares that one router serves in turn; jobs of further ones take their turn together. */
  sharesMax: 1_024,
  /** Labels of one node or job. */
  labelsMax: 64,
  /** Rows one page of a list may have. */
  pageRowsMax: 1_000,
  /** The same of decisions, which are long: a thousand of them keep a router busy for most of a second. */
  decisionRowsMax: 100,
  /** Live event streams one HTTP server feeds. */
  eventStreamsMax: 256,
  /** Of those, for tokens of one name, or for one peer: nobody but its owner takes all of them. */
  eventStreamsPerCallerMax: 64,
  /** Connections that a node tells of when it is asked for them. */
  linksToldMax: 256,
  /** Nodes and connections in the graph of the mesh: of more nobody sees anything. */
  mapNodesMax: 4_096,
  mapLinksMax: 16_384,
  /** One request of the HTTP API that is neither a job nor a file: no such document comes near it. */
  apiRequestBytesMax: 64 * KIB,
  /** The address and headers of such a request, query included. */
  apiHeaderBytesMax: 16 * KIB,
  /** Requests with the router's own token in ten seconds: its owner's programs never come near it. */
  apiOwnRequestsMax: 100_000,
  /** The same with tokens of one name: two thousand a second are more than most routers answer. */
  apiNamedRequestsMax: 20_000,
  /** Wrong tokens from one address in a minute; somebody who mistypes does not get there. */
  apiWrongTokensMax: 20,
  /** Addresses whose wrong tokens are counted, and as many whose right ones are remembered. */
  apiAddressesMax: 4_096,
  /** Named tokens of one router. */
  apiTokensMax: 256,
  /** Requests that one peer has open at the API by libp2p, and all of them. Those of one program are as many as it waits for at once. */
  apiPeerStreamsMax: 64,
  apiPeerStreamsTotalMax: 1_024,
  /** Programs send the next request once they have the answer; each answer may be megabytes that nobody reads. */
  apiPipelinedMax: 4,
  /** Presence topics a bootstrap relays: two per namespace that it serves, of workers and of files. */
  presenceTopicsMax: 128,
  /** Of topics of people and programs, those that one node carries for its neighbours. */
  topicsCarriedMax: 128,
  /** Of those, what is carried for one neighbour's sake. */
  topicsPerPeerMax: 32,
  /** What is said on a topic, or to a peer; longer things are files of the mesh. */
  messageBytesMax: 64 * KIB,
  /** Messages of one listener that its program has not read; of more, the oldest go. */
  messagesUnreadMax: 1_000,
  /** Messages to one node whose answers its program has not given yet. */
  messagesWaitingMax: 256,
  /** Authors on topics whose last numbers are remembered. */
  topicAuthorsMax: 8_192,
  /** One recipe, signed: a job with its source; larger sources are files of the mesh. */
  recipeBytesMax: 256 * KIB,
  /** Recipes that one router keeps, with those that were taken back. */
  recipesMax: 1_000,
  /** Of those, what one author has. */
  recipesPerAuthorMax: 100,
  /** File systems and JSON numbers go further; the list of pieces would not stay small. */
  fileBytesMax: 2 ** 40,
  /** Pieces of one file: 1 TiB in pieces of 16 MiB, 2 MiB of hashes. */
  filePiecesMax: 65_536,
  /** One name, in UTF-8: what the usual file systems take. */
  fileNameBytesMax: 255,
  /** A path below a folder, in UTF-8: some systems take no more, the folder's own path included. */
  filePathBytesMax: 1_024,
  /** Files of one folder that is shared as a whole, and folders in it. */
  folderEntriesMax: 100_000,
  /** The list of those files: a page of text for each of the longest. */
  folderBytesMax: 64 * MIB,
  /** A link to a file: a name, and the addresses of its peers. */
  fileLinkLettersMax: 8_192,
  /** Peers that such a link names. */
  fileLinkPeersMax: 16,
  /** Files that are held open to read pieces from; a process may have some thousand. */
  openFilesMax: 64,
  /** Folders watched for changes; a user may have some ten thousand watches. */
  watchedFoldersMax: 4_096,
  /** One message of the piece protocol, a block's body aside: the set of a file's pieces is the longest. */
  pieceMessageBytesMax: 16 * KIB,
  /** What is written at once; all peers get their turn between two. */
  pieceBlockBytesMax: 64 * KIB,
  /** What one request asks for. */
  pieceRequestBytesMax: 256 * KIB,
  /** Requests that one peer may have unanswered: the widest window, asked for in the smallest ranges, twice. */
  pieceRequestsMax: 128,
  /** The same over all peers; some 200 bytes each. */
  pieceRequestsTotalMax: 16_384,
  /** Files that one peer may follow at once. */
  pieceInterestsMax: 256,
  /** The same over all peers. */
  pieceInterestsTotalMax: 16_384,
  /** Streams by which one peer may ask for pieces; a second one, as the loss of the first may be news to us. */
  pieceStreamsMax: 2,
  /** The same over all peers. */
  pieceStreamsTotalMax: 1_024,
  /** Answers that wait to be written to one peer; blocks never wait, they are made when there is room. */
  pieceWriteBytesMax: 1 * MIB,
  /** Peers that are given pieces at the same time; more would only get less each. */
  uploadSlotsMax: 8,
  /** Bytes of pieces that go to one peer through a relay in a second: the relay is somebody else's, and carries others. */
  relayedPieceRateMax: 2 * MIB,
  /** What a peer may have us read beyond four times what it takes. */
  pieceReadBytesMax: 256 * MIB,
  /** Peers that one file is fetched from at the same time. */
  downloadPeersMax: 32,
  /** Peers that are known to have a file, and stand by. */
  downloadCandidatesMax: 1_024,
  /** Files that one node may offer to a router's catalogue: a folder of the largest size, some 300 bytes each. */
  offersPerPeerMax: 100_000,
  /** The same over all nodes. */
  catalogueOffersMax: 500_000,
  /** Nodes with files that are not workers, whose lists one router follows. */
  fileNodesMax: 4_096,
  /** Changes to its list of files that a node remembers of files that are gone; who asks after more begins anew. */
  goneFilesMax: 10_000,
  /** Files that one node announces in the DHT, each under its own key; the rest are found by asking routers. */
  announcedFilesMax: 1_000,
  /** Peers that lied about files, and are shunned for a while. */
  shunnedPeersMax: 1_024,
  /** Files that are handed in over the HTTP API at the same time; of further ones the longest idle waits. */
  fileUploadsMax: 64,
  /** Pieces of such files that are on their way in: four of the largest. */
  fileUploadBytesMax: 64 * MIB,
  /** Files that a router fetches, and as many that it reads anew, because somebody asked its HTTP API to. */
  fileErrandsMax: 64,
  /** Files that the HTTP API gives out at the same time; each holds a piece or two. */
  fileReadersMax: 16,
  /** Files from the web whose plain SHA-256 a router remembers, so that none is fetched twice. */
  webFilesKnownMax: 1_000,
  /** Files that one router fetches from the web at once; others wait. */
  webFetchesMax: 4,
  /** Pieces of one download that are coming in or on their way to the disk: eight of the largest. */
  downloadPieceBytesMax: 128 * MIB
} as const

assert(LIMITS.resultInlineBytesMax < LIMITS.resultBytesMax, 'some results are put aside')
assert(LIMITS.resultBytesMax < LIMITS.frameBytesMax, 'a result and its envelope fit in one frame')
assert(LIMITS.taskBytesMax < LIMITS.frameBytesMax, 'a task and its envelope fit in one frame')
assert(
  LIMITS.filePiecesMax / 8 < LIMITS.pieceMessageBytesMax,
  'the set of the pieces of any file fits in one message'
)
assert(LIMITS.commandStreamsMax < LIMITS.streamsPerProtocolMax, 'a refusal needs a stream')
assert(LIMITS.apiPeerStreamsMax < LIMITS.streamsPerProtocolMax, 'a refusal needs a stream')
assert(LIMITS.announcedFilesMax < LIMITS.providerRecordsPerPeerMax, 'a node may announce its files')
