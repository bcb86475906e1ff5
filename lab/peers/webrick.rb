# webrick.rb address port realm htdigest: pages behind WEBrick's own Digest, each of which answers with the body that it was sent.
require 'webrick'

address, port, realm, users = ARGV
server = WEBrick::HTTPServer.new(BindAddress: address, Port: port.to_i, AccessLog: [])
accounts = WEBrick::HTTPAuth::Htdigest.new(users)

# WEBrick counts on over a new nonce, where the count of each begins at 1 (RFC 7616 section 3.4): so it may not look at it.
common = { Realm: realm, UserDB: accounts, UseOpaque: true, CheckNc: false }
pages = {
  # A nonce is good for one request, and the next one comes with the response.
  '/auth' => { Algorithm: 'MD5', Qop: ['auth'], UseNextNonce: true },
  '/auth-int' => { Algorithm: 'MD5', Qop: ['auth-int'], UseNextNonce: true },
  # A nonce is good for as many as one likes.
  '/either' => { Algorithm: 'MD5', Qop: ['auth', 'auth-int'], UseNextNonce: false },
  '/session' => { Algorithm: 'MD5-sess', Qop: ['auth', 'auth-int'], UseNextNonce: false },
  # The clock stands still, and so the next nonce is the one that is there: its count goes on.
  '/still' => { Algorithm: 'MD5', Qop: ['auth'], UseNextNonce: true, CheckNc: true },
}

# A nonce is made of the second: each request has a second of its own, so that each nonce is another.
class Clock
  def initialize
    @seconds = Time.now.to_i
    @mutex = Thread::Mutex.new
  end

  def next
    @mutex.synchronize { Time.at(@seconds += 1) }
  end
end

# Digest reads the body to its end, and then the page wants it.
def prepare(request, time)
  whole = request.body.to_s
  request.define_singleton_method(:body) { |&block| block ? block.call(whole) : whole }
  request.define_singleton_method(:request_time) { time }
end

clock = Clock.new
still = clock.next
pages.each do |path, options|
  digest = WEBrick::HTTPAuth::DigestAuth.new(common.merge(options))
  server.mount_proc(path) do |request, response|
    prepare(request, path == '/still' ? still : clock.next)
    digest.authenticate(request, response)
    response['X-User'] = request.user
    # With auth-int WEBrick proves itself over the body of the request, not of its response: so the two are the same here.
    response.body = request.path.end_with?('/other') ? 'another body' : request.body
  end
end

trap('TERM') { server.shutdown }
server.start
