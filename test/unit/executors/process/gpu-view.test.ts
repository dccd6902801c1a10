import { afterAll, describe, expect, it } from 'vitest'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { gpuView } from '../../../../src/executors/process/gpu-view.ts'

const bases: string[] = []
afterAll(() => bases.forEach((base) => rmSync(base, { recursive: true })))

function fakeDevices(...names: string[]): string {
  const devices = mkdtempSync(join(tmpdir(), 'taskmesh-gpus-'))
  bases.push(devices)
  for (const name of names) {
    mkdirSync(dirname(join(devices, name)), { recursive: true })
    writeFileSync(join(devices, name), '')
  }
  return devices
}

const bind = (devices: string, ...names: string[]): string[] =>
  names.flatMap((name) => ['--dev-bind', join(devices, name), `/dev/${name}`])

describe('NVIDIA', () => {
  const devices = fakeDevices('nvidia0', 'nvidia1', 'nvidia2', 'nvidiactl', 'nvidia-uvm')
  it('shows the granted ones and what they share, as far as it is there', () => {
    expect(gpuView([1, 2], { devices })).toEqual({
      arguments: bind(devices, 'nvidia1', 'nvidia2', 'nvidiactl', 'nvidia-uvm'),
      env: {
        CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
        CUDA_VISIBLE_DEVICES: '0,1',
        NVIDIA_VISIBLE_DEVICES: '1,2'
      }
    })
  })
  it('keeps the machine’s own numbers where all are seen', () => {
    expect(gpuView([2], { devices, seesAll: true }).env['CUDA_VISIBLE_DEVICES']).toBe('2')
  })
  it('says which one is missing', () => {
    expect(() => gpuView([1, 7], { devices })).toThrow('nvidia7')
  })
})

it('AMD: render nodes and the compute device', () => {
  const devices = fakeDevices('kfd', 'dri/renderD128', 'dri/renderD129')
  const { arguments: texts, env } = gpuView([1], { devices })
  expect(texts.slice(0, 6)).toEqual(bind(devices, 'dri/renderD129', 'kfd'))
  expect(env).toEqual({ ROCR_VISIBLE_DEVICES: '0' })
})

it('nothing without a grant', () => {
  expect(gpuView([], { devices: fakeDevices('nvidia0') })).toEqual({ arguments: [], env: {} })
})
