// Aedes on the loopback interface: MQTT at the first port given, MQTT in WebSocket at the second.
'use strict'
const { createServer } = require('net')
const http = require('http')
const { WebSocketServer, createWebSocketStream } = require('ws')
const aedes = require('aedes')()

const [plain, web] = process.argv.slice(2).map(Number)
const sockets = http.createServer()
new WebSocketServer({ server: sockets, handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false) })
  .on('connection', (socket, request) => aedes.handle(createWebSocketStream(socket), request))
createServer(aedes.handle).listen(plain, '127.0.0.1', () =>
  sockets.listen(web, '127.0.0.1', () => console.log('running')))
