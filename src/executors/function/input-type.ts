/**
 * The type of what a JSON Schema lets through, read from the type of the schema itself. It knows `type`,
 * `properties`, `required`, `items`, `enum`, `const`, `anyOf` and `oneOf`; all else is `unknown`.
 */
export type InputOf<Schema> = Schema extends { const: infer Value }
  ? Value
  : Schema extends { enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { anyOf: readonly (infer Branch)[] } | { oneOf: readonly (infer Branch)[] }
      ? InputOf<Branch>
      : Schema extends { type: readonly (infer Type)[] }
        ? TypeOf<Type, Schema>
        : Schema extends { type: infer Type }
          ? TypeOf<Type, Schema>
          : unknown

interface Scalars {
  boolean: boolean
  integer: number
  null: null
  number: number
  string: string
}

type TypeOf<Type, Schema> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends 'array'
    ? ListOf<Schema>
    : Type extends 'object'
      ? ObjectOf<Schema>
      : unknown

type ListOf<Schema> = Schema extends { items: infer Item } ? InputOf<Item>[] : unknown[]

type ObjectOf<Schema> = Schema extends { properties: infer Properties }
  ? Flat<
      { -readonly [Name in keyof Properties & RequiredOf<Schema>]: InputOf<Properties[Name]> } & {
        -readonly [Name in Exclude<keyof Properties, RequiredOf<Schema>>]?: InputOf<
          Properties[Name]
        >
      }
    >
  : Record<string, unknown>

type RequiredOf<Schema> = Schema extends { required: readonly (infer Name)[] } ? Name : never

/** An intersection as one object, for those who read it in an editor. */
type Flat<Intersection> = { [Name in keyof Intersection]: Intersection[Name] }
