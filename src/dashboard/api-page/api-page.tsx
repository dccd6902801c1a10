/** The API, as it describes itself: every operation with what goes in and comes out, to be searched and to be tried. */
import { useState } from 'preact/hooks'
import { Card, PageHeader } from '../parts/basics.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { Opened, SchemaView } from './schema-view.tsx'
import { TryIt } from './try-it.tsx'
import { areasOf } from './document.ts'
import { get } from '../data/api.ts'
import { useLoad } from '../data/use-load.ts'
import type { ApiDocument, Operation } from './document.ts'
import type { JSX } from 'preact'

export function ApiPage(): JSX.Element {
  const { cause, reload, value } = useLoad('api', (signal) =>
    get<ApiDocument>('/openapi.json', { signal })
  )
  const [wanted, setWanted] = useState('')
  const areas = value === undefined ? [] : areasOf(value, wanted)
  return (
    <>
      <PageHeader
        title="API"
        note={value && `${value.info.title} ${value.info.version}: ${value.info.description}`}
      >
        <input
          class="input"
          type="search"
          placeholder="Find an operation"
          aria-label="Find an operation"
          value={wanted}
          onInput={({ currentTarget }) => setWanted(currentTarget.value)}
        />
      </PageHeader>
      {cause !== undefined && <Failure cause={cause} retry={reload} />}
      {value === undefined && cause === undefined && <Skeleton />}
      {value !== undefined && areas.length === 0 && (
        <Empty icon="search" title="No operation has these words" />
      )}
      {value !== undefined &&
        areas.map(({ name, operations }) => (
          <Card key={name} title={name}>
            {operations.map((operation) => (
              <Entry key={operation.operationId} document={value} operation={operation} />
            ))}
          </Card>
        ))}
    </>
  )
}

interface EntryProps {
  document: ApiDocument
  operation: Operation
}

function Entry({ document, operation }: EntryProps): JSX.Element {
  const { method, path, scope, summary } = operation
  const heading = (
    <>
      <span class="tag mono">{method}</span> <code>{path}</code> <span class="soft">{summary}</span>{' '}
      <span class="tag">{scope ?? 'no token'}</span>
    </>
  )
  return (
    <Opened heading={heading}>
      <Details document={document} operation={operation} />
    </Opened>
  )
}

function Details({ document, operation }: EntryProps): JSX.Element {
  const body = Object.entries(operation.requestBody?.content ?? {})[0]
  const answers = Object.entries(operation.responses).filter(([status]) => status !== 'default')
  return (
    <div class="stack api-details">
      {body !== undefined && (
        <section>
          <h3>
            Takes <code>{body[0]}</code>
          </h3>
          <SchemaView document={document} schema={body[1].schema} />
        </section>
      )}
      {answers.map(([status, { content = {}, description }]) => (
        <section key={status}>
          <h3>
            {status} {description}
          </h3>
          {Object.entries(content).map(([type, { schema }]) => (
            <div key={type}>
              <code>{type}</code>
              <SchemaView document={document} schema={schema} />
            </div>
          ))}
        </section>
      ))}
      <section>
        <h3>Try it</h3>
        <TryIt document={document} operation={operation} />
      </section>
    </div>
  )
}
