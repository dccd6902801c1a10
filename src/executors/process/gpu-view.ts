/**
 * What lets a task reach the GPUs that it was granted, and no others: their device files, and the
 * variables by which their libraries choose. Not tried on a machine that has one.
 */
import { existsSync } from 'node:fs'
import { MeshError } from '../../core/errors.ts'

export interface GpuView {
  /** Arguments for bwrap; only what they name is there inside. */
  arguments: string[]
  env: Record<string, string>
}

export interface GpuViewInit {
  /** Where devices lie. @default '/dev' */
  devices?: string
  /** Whether tasks see all that the machine has, under the machine's own numbers. @default false */
  seesAll?: boolean
}

/** Render nodes count from here, and so does their name. */
const RENDER_NODE_MIN = 128
/** What all NVIDIA GPUs have in common: how they are found, and how their memory is shared. */
const NVIDIA_COMMON = ['nvidiactl', 'nvidia-uvm', 'nvidia-uvm-tools', 'nvidia-modeset']
const AMD_COMMON = ['kfd']
/** How AMD's runtime learns what there is. */
const AMD_TOPOLOGY = ['/sys/class/kfd', '/sys/devices/virtual/kfd']

/** @throws MeshError RESOURCES_UNAVAILABLE where a granted one has no device */
export function gpuView(
  gpus: readonly number[],
  { devices = '/dev', seesAll = false }: GpuViewInit = {}
): GpuView {
  if (gpus.length === 0) return { arguments: [], env: {} }
  const has = (name: string): boolean => existsSync(`${devices}/${name}`)
  const isNvidia = has(`nvidia${gpus[0]}`)
  const own = gpus.map((gpu) => (isNvidia ? `nvidia${gpu}` : `dri/renderD${RENDER_NODE_MIN + gpu}`))
  const missing = own.find((name) => !has(name))
  if (missing !== undefined) throw absent(`${devices}/${missing}`)
  const common = (isNvidia ? NVIDIA_COMMON : AMD_COMMON).filter(has)
  // Libraries number what they find: where the others are not there, the first is 0.
  const visible = gpus.map((gpu, index) => (seesAll ? gpu : index)).join(',')
  return {
    arguments: [
      ...[...own, ...common].flatMap((name) => [
        '--dev-bind',
        `${devices}/${name}`,
        `/dev/${name}`
      ]),
      ...(isNvidia ? [] : AMD_TOPOLOGY.flatMap((path) => ['--ro-bind-try', path, path]))
    ],
    env: isNvidia
      ? {
          CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
          CUDA_VISIBLE_DEVICES: visible,
          NVIDIA_VISIBLE_DEVICES: gpus.join(',')
        }
      : { ROCR_VISIBLE_DEVICES: visible }
  }
}

function absent(path: string): MeshError {
  return new MeshError('RESOURCES_UNAVAILABLE', `the granted GPU has no device ${path} here`, {
    path: 'resources.gpu',
    blame: 'worker'
  })
}
