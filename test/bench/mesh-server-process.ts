/** Process of wire.bench: a node that answers EXECUTE_TASK at once, over a session or a stream per request. */
import { answerParent } from './support/child.ts'
import { ANSWER_TEXT } from './support/bodies.ts'
import { startBareNode } from './support/bare-node.ts'

const { node, server } = await startBareNode(['/ip4/127.0.0.1/tcp/0'])
server.register({ EXECUTE_TASK: () => ({ result: {}, bulk: ANSWER_TEXT }) })
answerParent({ address: () => node.addresses()[0] })
