#!/usr/bin/env node
/*
 * The command `taskmesh`. Plain old JavaScript, because it may be started by a Node too old to read
 * the rest: it then hands over to the Node 24 that npm installed beside the project, or says what to do.
 */
'use strict'
var path = require('path')
var spawn = require('child_process').spawn

var NODE_MAJOR_MIN = 24
var main = path.join(__dirname, '..', 'src', 'cli', 'main.ts')

function pinnedNode() {
  try {
    return require.resolve('node-' + process.platform + '-' + process.arch + '/bin/node')
  } catch {
    return null
  }
}

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  // What Node has read and compiled is kept beside the code, where only those can write who may change the code
  // as well. Half of what a short command takes is saved; where nothing can be kept, nothing is.
  require('module').enableCompileCache(
    path.join(__dirname, '..', 'node_modules', '.cache', 'taskmesh')
  )
  void import(require('url').pathToFileURL(main).href)
} else {
  var node = pinnedNode()
  if (node === null) {
    process.stderr.write(
      'error NODE_TOO_OLD: taskmesh needs Node ' +
        NODE_MAJOR_MIN +
        ' or newer (this is ' +
        process.version +
        '); install it from your package manager or nodejs.org, then run the same command again\n'
    )
    process.exit(1)
  }
  // The words, which may hold a secret, are the child's to show.
  process.title = 'taskmesh'
  // Through the channel the child notices when we are gone, even if we were killed.
  var child = spawn(node, [__filename].concat(process.argv.slice(2)), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc']
  })
  var signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  signals.forEach(function (signal) {
    // The terminal sends Ctrl-C to the child as well; a signal sent to us alone has to be passed on.
    process.on(signal, function () {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  })
  child.on('exit', function (code, signal) {
    process.exit(signal === null ? code : 128 + (require('os').constants.signals[signal] || 0))
  })
}
