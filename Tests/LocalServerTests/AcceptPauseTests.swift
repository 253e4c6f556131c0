import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import LocalServer

@Suite("A listener that can't accept connections")
struct AcceptPauseTests {
    @Test("if no descriptors are free, the listener stops accepting for a second, and then continues")
    func pause() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UInt32.random(in: 0 ... .max))").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let server = LocalServer(.unix(path: path)) { _ in LocalResponse(200, text: "here") }
        let channel = try await server.bind(on: group)
        #expect(try await channel.getOption(.autoRead).get())
        let began = ContinuousClock.now
        // The error that NIO reports if accept(2) fails with EMFILE.
        channel.pipeline.fireErrorCaught(IOError(errnoCode: EMFILE, reason: "accept"))
        #expect(try await !channel.getOption(.autoRead).get())
        while try await !channel.getOption(.autoRead).get() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(.now - began >= .milliseconds(900))
        #expect(channel.isActive)
        try await channel.close()
        try await group.shutdownGracefully()
    }
}
