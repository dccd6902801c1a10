/** Files that are chosen are handed in, one after the other, for those who may. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { Bar } from '../parts/basics.tsx'
import { Icon } from '../parts/icons.tsx'
import { MeshError } from '../../core/errors.ts'
import { formatShare } from '../data/formats.ts'
import { may } from '../data/live.ts'
import { say } from '../parts/dialogs.tsx'
import { uploadFile } from './upload.ts'
import type { JSX } from 'preact'

interface Uploading {
  name: string
  ratio: number
}

export function UploadButton(): JSX.Element | null {
  const input = useRef<HTMLInputElement>(null)
  const work = useRef<AbortController | undefined>(undefined)
  const [now, setNow] = useState<Uploading | undefined>()
  const [, navigate] = useLocation()
  useEffect(() => () => work.current?.abort(), [])
  if (!may('submit')) return null
  const begin = async (files: readonly File[]): Promise<void> => {
    const controller = new AbortController()
    work.current = controller
    const { signal } = controller
    try {
      let id = ''
      for (const file of files) {
        const { name } = file
        const onProgress = (ratio: number): void => setNow({ name, ratio })
        onProgress(0)
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        id = await uploadFile(file, { signal, onProgress })
        say(`${name} is here`)
      }
      if (files.length === 1) navigate(`/files/${id}`)
    } catch (cause) {
      if (!signal.aborted) {
        const { code, hint, message } = MeshError.from(cause)
        say(`${message} (${code})`, 'bad', hint)
      }
    }
    if (!signal.aborted) setNow(undefined)
  }
  if (now !== undefined) {
    const text = `${now.name}: ${formatShare(now.ratio)} handed in`
    return (
      <span class="meter long upload">
        <Bar parts={[{ tone: 'run', ratio: now.ratio }]} text={text} />
        <button
          type="button"
          class="button small"
          onClick={() => {
            work.current?.abort()
            setNow(undefined)
          }}
        >
          Stop
        </button>
      </span>
    )
  }
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to hand in"
        onChange={({ currentTarget }) => {
          const files = Array.from(currentTarget.files ?? [])
          currentTarget.value = ''
          if (files.length > 0) void begin(files)
        }}
      />
      <button type="button" class="button" onClick={() => input.current?.click()}>
        <Icon name="up" /> Hand in a file
      </button>
    </>
  )
}
