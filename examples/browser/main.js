// A page that is a peer of the mesh: it joins over WebSockets, hands in a job, watches it, and keeps its results in a file.
import { MeshClient } from 'taskmesh/browser'

const form = document.querySelector('form')
const list = document.querySelector('ol')

// What the page is opened with: index.html#address=/ip4/127.0.0.1/tcp/51820/ws&namespace=default
for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
  const field = form.elements.namedItem(name)
  if (field !== null) field.value = value
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  list.replaceChildren()
  const { address, namespace, numbers } = Object.fromEntries(new FormData(form))
  try {
    await run(address, namespace, numbers.split(/\s+/).map(Number))
  } catch (error) {
    say(`${error.code ?? 'ERROR'}: ${error.message}`, 'failed')
  }
})

async function run(address, namespace, numbers) {
  await using client = await MeshClient.connect(address, namespace)
  say(`joined as ${client.selfPeer}`)

  const source = 'function main (n) { return n * n }'
  const each = numbers.map((input) => ({ input }))
  const { id } = await client.submit({
    name: 'squares',
    task: { engine: 'javascript', source },
    each
  })
  for await (const { type, state, counts } of client.watch(id)) {
    say(`${type}: ${state ?? ''} ${counts?.completed ?? 0} of ${numbers.length}`)
  }

  const squares = []
  for await (const { result } of client.map(source, numbers, { order: 'input' }))
    squares.push(result)
  const file = await client.files.put(squares.join(' '), { name: 'squares.txt' })
  // Only bytes that fit the id come back.
  const text = new TextDecoder().decode(await client.files.bytes(file.id))
  say(`${file.id} says ${text}`, 'done')
}

function say(text, className = '') {
  const line = document.createElement('li')
  line.textContent = text
  line.className = className
  list.append(line)
}
