/** Runs for some seconds and says how far it is: something to watch, to stop, and to kill workers under. */
function main({ seconds }) {
  for (let second = 0; second < seconds; second += 1) {
    sleep(1000)
    console.log(`${seconds - second} …`)
    progress((second + 1) / seconds, `${seconds - second - 1} s left`)
  }
  return 'lift-off'
}
