/** A shape: its fields, what each is, and what is in those that have fields of their own once they are opened. */
import { useState } from 'preact/hooks'
import { resolve, typeOf } from './document.ts'
import type { ApiDocument, Schema } from './document.ts'
import type { JSX } from 'preact'

interface SchemaViewProps {
  document: ApiDocument
  schema: Schema
}

export function SchemaView({ document, schema }: SchemaViewProps): JSX.Element {
  const whole = resolve(document, schema)
  const inner = whole.items === undefined ? whole : resolve(document, whole.items)
  const fields = Object.entries(inner.properties ?? {})
  return (
    <div class="api-shape">
      <p class="soft">
        <code>{typeOf(document, schema)}</code> {inner.description}
      </p>
      {fields.length > 0 && (
        <ul>
          {fields.map(([name, field]) => (
            <Field
              key={name}
              name={name}
              isRequired={inner.required?.includes(name) === true}
              document={document}
              schema={field}
            />
          ))}
        </ul>
      )}
    </div>
  )
}

interface FieldProps extends SchemaViewProps {
  name: string
  isRequired: boolean
}

function Field({ document, isRequired, name, schema }: FieldProps): JSX.Element {
  const whole = resolve(document, schema)
  const inner = whole.items === undefined ? whole : resolve(document, whole.items)
  const line = (
    <>
      <code>{name}</code>
      {isRequired ? '' : '?'} <span class="soft">{typeOf(document, schema)}</span>
    </>
  )
  return (
    <li>
      {inner.properties === undefined ? (
        <div>{line}</div>
      ) : (
        <Opened heading={line}>
          <SchemaView document={document} schema={schema} />
        </Opened>
      )}
      {whole.description !== undefined && <div class="faint">{whole.description}</div>}
    </li>
  )
}

/** What is in it is made once it is opened: shapes may be in themselves. */
export function Opened({
  children,
  heading
}: {
  heading: JSX.Element
  children: JSX.Element
}): JSX.Element {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>{heading}</summary>
      {isOpen && children}
    </details>
  )
}
