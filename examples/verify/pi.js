/**
 * Estimates π by throwing points at a square and counting those within the circle. The random numbers come from
 * the task's seed, so that every copy of a task throws the same points and returns the same number.
 */
function main({ points }) {
  let within = 0
  for (let thrown = 0; thrown < points; thrown += 1) {
    const [x, y] = [Math.random(), Math.random()]
    if (x * x + y * y < 1) within += 1
  }
  return (4 * within) / points
}
