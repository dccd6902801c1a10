/** The dashboard's beginning: puts the application into the page, and has news come. */
import { render } from 'preact'
import { App } from './app.tsx'
import { startLive } from './data/live.ts'

const root = document.getElementById('app')
if (root !== null) {
  startLive()
  render(<App />, root)
}
