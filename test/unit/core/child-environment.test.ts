/** What programs that we start inherit: by the names of variables, and by the programs themselves. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ContainerCli } from '../../../src/executors/container/container-cli.ts'
import { ThreadHostProbe } from '../../../src/host/thread-host-probe.ts'
import { childEnvironment } from '../../../src/core/child-environment.ts'
import { systemClock } from '../../../src/core/clock.ts'

/** Set in this process until the test ends. */
function setSecrets(): void {
  const set = {
    TASKMESH_TOKEN: 'hidden-1',
    AWS_SECRET_ACCESS_KEY: 'hidden-2',
    DOCKER_HOST: 'unix:///x'
  }
  Object.assign(process.env, set)
  onTestFinished(() => {
    for (const name of Object.keys(set)) delete process.env[name]
  })
}

test('what is named, and all that begin as is said', () => {
  const env = { PATH: '/bin', DOCKER_HOST: 'x', DOCKER_CONFIG: 'y', TASKMESH_TOKEN: 'z' }
  expect(childEnvironment([], env)).toEqual({ PATH: '/bin' })
  expect(childEnvironment(['DOCKER_*'], env)).toEqual({
    PATH: '/bin',
    DOCKER_HOST: 'x',
    DOCKER_CONFIG: 'y'
  })
})

test('the program that runs containers gets what leads to its daemon and no secrets', async () => {
  setSecrets()
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-environment-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'docker')
  writeFileSync(file, '#!/bin/sh\nenv\n')
  chmodSync(file, 0o700)
  const cli = new ContainerCli(systemClock, [file])
  const { stdout } = await cli.call([])
  const child = cli.run([], folder)
  let streamed = ''
  for await (const chunk of child.stdout) streamed += String(chunk)
  for (const text of [stdout, streamed]) {
    expect(text).toContain('DOCKER_HOST=unix:///x')
    expect(text).not.toContain('hidden')
  }
})

test('what looks at graphics cards gets no secrets', async () => {
  setSecrets()
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-environment-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'probe.mjs')
  writeFileSync(file, 'process.stdout.write(JSON.stringify([process.env]))')
  const cards = await new ThreadHostProbe({ gpuUrl: new URL(`file://${file}`) }).probeGpus()
  expect(JSON.stringify(cards)).toContain('PATH')
  expect(JSON.stringify(cards)).not.toContain('hidden')
})
