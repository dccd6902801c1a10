/** One object in the place of another: all that the other is, but for the members that are given. */

export function overriding<T extends object>(of: T, members: Partial<T>): T {
  return new Proxy(of, {
    get: (target, name) => {
      const member: unknown = Reflect.get(Object.hasOwn(members, name) ? members : target, name)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    }
  })
}
