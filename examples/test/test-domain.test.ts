// The two example tests of the page on test domains are tests themselves: they run as they are.
import '../src/test-a-client.js'
import '../src/test-a-server.js'
