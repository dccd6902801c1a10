#!/usr/bin/env node
/*
 * The command `taskmesh`. Plain old JavaScript, because it may be started by a Node too old to read
 * the rest: it then hands over to the Node that came along with a checkout, or says what to do.
 * A checkout runs its sources, for which Node has to strip types; the published package what was built of them.
 */
'use strict'
var fs = require('fs')
var path = require('path')
var spawn = require('child_process').spawn

var root = path.join(__dirname, '..')
var source = path.join(root, 'src', 'cli', 'main.ts')
var isCheckout = fs.existsSync(source)
var main = isCheckout ? source : path.join(root, 'dist', 'cli', 'main.js')
var NODE_MIN = isCheckout ? [24, 0] : [22, 12]
/** The first Node that has its SQLite without being asked. */
var NODE_SQLITE = [22, 13]
var SQLITE_FLAG = '--experimental-sqlite'

function isOlderThan(version) {
  var own = process.versions.node.split('.').map(Number)
  return own[0] < version[0] || (own[0] === version[0] && own[1] < version[1])
}

function pinnedNode() {
  try {
    return require.resolve('node-' + process.platform + '-' + process.arch + '/bin/node')
  } catch {
    return null
  }
}

/** Runs the same words in another process, which is then ours to end and we are its. */
function handOver(node, env) {
  // The words, which may hold a secret, are the child's to show.
  process.title = 'taskmesh'
  // Through the channel the child notices when we are gone, even if we were killed.
  var child = spawn(node, [__filename].concat(process.argv.slice(2)), {
    env: env,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc']
  })
  var signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  signals.forEach(function (signal) {
    // The terminal sends Ctrl-C to the child as well; a signal sent to us alone has to be passed on.
    process.on(signal, function () {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  })
  // Who started us is gone: so it ends a node, and so do we.
  process.on('disconnect', function () {
    child.kill('SIGTERM')
  })
  child.on('exit', function (code, signal) {
    process.exit(signal === null ? code : 128 + (require('os').constants.signals[signal] || 0))
  })
}

/** Node 22 calls its SQLite experimental, with every command anew. */
function silenceSqlite() {
  var emit = process.emitWarning
  process.emitWarning = function (warning) {
    if (String(warning).indexOf('SQLite is an experimental') === -1) {
      emit.apply(process, arguments)
    }
  }
  // Heard by threads.
  process.env.NODE_OPTIONS = (options + ' --disable-warning=ExperimentalWarning').trim()
}

function run() {
  if (isOlderThan([24, 0])) silenceSqlite()
  // What Node has read and compiled is kept beside the code, where only those can write who may change the code
  // as well. Half of what a short command takes is saved; where nothing can be kept, nothing is.
  var cache = isCheckout ? path.join('node_modules', '.cache', 'taskmesh') : '.cache'
  require('module').enableCompileCache(path.join(root, cache))
  void import(require('url').pathToFileURL(main).href)
}

function refuse() {
  process.stderr.write(
    'error NODE_TOO_OLD: taskmesh needs Node ' +
      NODE_MIN.join('.') +
      ' or newer (this is ' +
      process.version +
      '); install it from your package manager or nodejs.org, then run the same command again\n'
  )
  process.exit(1)
}

var options = process.env.NODE_OPTIONS || ''
var pinned = isCheckout && isOlderThan(NODE_MIN) ? pinnedNode() : null

if (pinned !== null) handOver(pinned, process.env)
else if (isOlderThan(NODE_MIN)) refuse()
else if (isOlderThan(NODE_SQLITE) && options.indexOf(SQLITE_FLAG) === -1) {
  // Said by the environment it holds for threads, too.
  var wordy = options + ' ' + SQLITE_FLAG
  handOver(process.execPath, Object.assign({}, process.env, { NODE_OPTIONS: wordy.trim() }))
} else run()
