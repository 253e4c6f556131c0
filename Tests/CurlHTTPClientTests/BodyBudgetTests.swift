import Foundation
import NetworkFixtures
import Synchronization
import TestSupport
import Testing

@testable import CurlHTTPClient

@Suite("The memory for bodies")
struct BodyBudgetTests {
    /// A class that wraps the budget, because `#expect` can't call a mutating method of a struct.
    private final class Account {
        private var budget: BodyBudget

        init(limit: Int) { budget = BodyBudget(limit: limit) }

        var used: Int { budget.used }
        func enter(_ id: UInt64, bytes: Int) -> Bool { budget.enter(id, bytes: bytes) }
        func resize(_ id: UInt64, to bytes: Int) -> [UInt64] { budget.resize(id, to: bytes) }
        func leave(_ id: UInt64) -> [UInt64] { budget.leave(id) }
    }

    @Test(
        "allowances together stay within the limit, and waiting transfers are admitted in the order of their requests")
    func turns() {
        let budget = Account(limit: 100)
        #expect(budget.enter(1, bytes: 60))
        #expect(!budget.enter(2, bytes: 50))
        // There is enough free memory for this body, but an earlier body is waiting, so this body waits, too.
        #expect(!budget.enter(3, bytes: 10))
        #expect(budget.used == 60)
        #expect(budget.leave(1) == [2, 3])
        #expect(budget.used == 60)
    }

    @Test("if a body grows beyond its allowance and the limit, later transfers wait until it is smaller")
    func resize() {
        let budget = Account(limit: 100)
        #expect(budget.enter(1, bytes: 50))
        #expect(budget.resize(1, to: 120) == [])
        #expect(!budget.enter(2, bytes: 30))
        #expect(budget.resize(1, to: 70) == [2])
        #expect(budget.used == 100)
    }

    @Test("a body that is larger than the whole budget is admitted when no other body holds memory")
    func largest() {
        let budget = Account(limit: 100)
        #expect(budget.enter(1, bytes: 10))
        #expect(!budget.enter(2, bytes: 500))
        #expect(budget.leave(1) == [2])
        #expect(!budget.enter(3, bytes: 1))
        #expect(budget.leave(2) == [3])
    }

    @Test("if a transfer gives up waiting, later transfers are admitted; releasing memory twice has no effect")
    func giveUp() {
        let budget = Account(limit: 100)
        #expect(budget.enter(1, bytes: 90))
        #expect(!budget.enter(2, bytes: 90))
        #expect(!budget.enter(3, bytes: 10))
        #expect(budget.leave(2) == [3])
        #expect(budget.leave(2) == [])
        #expect(budget.leave(3) == [] && budget.leave(1) == [] && budget.leave(1) == [])
        #expect(budget.used == 0)
    }

    @Test(
        "with random sizes, the limit is exceeded only by a single large body, all transfers are admitted, and all memory is released"
    )
    func random() {
        let seed = TestSeed.seed(of: "body budget")
        var source = Jitter(seed: seed)
        let budget = Account(limit: 1000)
        var holding: Set<UInt64> = []
        var served = 0
        for id in 1...UInt64(5000) {
            if budget.enter(id, bytes: Int.random(in: 1...1200, using: &source)) { holding.insert(id) }
            while holding.count > 1 || Bool.random(using: &source), let next = holding.randomElement(using: &source) {
                holding.remove(next)
                served += 1
                holding.formUnion(budget.leave(next))
                if holding.count > 1 { #expect(budget.used <= 1000, "seed \(seed)") }
            }
        }
        while let next = holding.first {
            holding.remove(next)
            served += 1
            holding.formUnion(budget.leave(next))
        }
        #expect(served == 5000 && budget.used == 0, "seed \(seed)")
    }
}

@Suite("Bodies that wait for memory", .timeLimit(.minutes(20)))
struct BodyWaitingTests {
    private static func get(_ url: String) -> HTTPRequest { HTTPRequest(.get, url, limits: .patient) }

    private static let page = "[" + String(repeating: "1,", count: 100_000) + "1]"

    @Test(
        "a large body waits until another body is released; small bodies do not wait, and a silent host delays no body")
    func waits() async throws {
        let server = try LoopbackServer { request in
            request.contains("/silent") ? .silence : .answer("", request.contains("/small") ? "[]" : Self.page)
        }
        let transport = try CurlTransport(.init(maximumBodyBytes: 300_000))
        let silent = (0..<50).map { _ in Task { try? await transport.send(Self.get(server.url + "/silent")) } }
        var first: HTTPResponse? = try await transport.send(Self.get(server.url + "/1"))
        let isThere = Mutex(false)
        let second = Task {
            let response = try? await transport.send(Self.get(server.url + "/2"))
            isThere.withLock { $0 = true }
            return response?.body.count
        }
        await server.untilRequests(52)
        // The small bodies are requested after the second large body, and arrive before that body.
        for _ in 0..<20 {
            #expect(try await transport.send(Self.get(server.url + "/small")).body == Array("[]".utf8))
        }
        #expect(!isThere.withLock { $0 })
        #expect(first?.body.count == Self.page.utf8.count)
        first = nil
        #expect(await second.value == Self.page.utf8.count)
        await transport.shutdown()
        for task in silent { _ = await task.value }
    }

    @Test(
        "if bodies together need more memory than the limit, all of them still arrive, and each is complete",
        arguments: [false, true])
    func many(isPacked: Bool) async throws {
        let packed = isPacked ? gzip(Self.page.utf8) : []
        let server = try LoopbackServer { _ in
            isPacked
                ? .bytes(
                    Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n".utf8)
                        + packed)
                : .answer("", Self.page)
        }
        let transport = try CurlTransport(.init(maximumBodyBytes: 500_000))
        let whole = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<60 {
                group.addTask {
                    // Every sixth transfer is cancelled, which must not affect the others.
                    let task = Task { try await transport.send(Self.get(server.url + "/\(number)")).body }
                    if number % 6 == 0 { task.cancel() }
                    let body = try? await task.value
                    return body == Array(Self.page.utf8)
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(whole >= 50)
        await transport.shutdown()
    }

    @Test("a body takes at most a quarter more memory than it has bytes, plus 4 KiB", arguments: [0, 40_000, 190_000])
    func slack(expected: Int) async throws {
        let packed = gzip(Self.page.utf8)
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n"
        let server = try LoopbackServer { _ in .bytes(Array(head.utf8) + packed) }
        let transport = try CurlTransport()
        var request = Self.get(server.url)
        request.expectedBodyBytes = expected
        let body = try await transport.send(request).body
        #expect(body.count == Self.page.utf8.count)
        #expect(body.capacity <= body.count * 5 / 4 + 4096)
        await transport.shutdown()
    }

    @Test("memory that is reserved for a body counts toward the limit, even if the body does not use it")
    func counted() async throws {
        // The first body has 200,003 bytes, but memory for 240,000 is reserved. With the 60,000 bytes of the second body, this exceeds
        // the limit.
        let server = try LoopbackServer { request in
            if request.contains("/short") { return .answer("", "[]") }
            return .answer("", request.contains("/next") ? String(Self.page.prefix(60_000)) : Self.page)
        }
        let transport = try CurlTransport(.init(maximumBodyBytes: 280_000))
        var request = Self.get(server.url + "/large")
        request.expectedBodyBytes = 240_000
        var large: HTTPResponse? = try await transport.send(request)
        let isThere = Mutex(false)
        let second = Task {
            var request = Self.get(server.url + "/next")
            request.expectedBodyBytes = 60_000
            let response = try? await transport.send(request)
            isThere.withLock { $0 = true }
            return response?.body.count
        }
        await server.untilRequests(2)
        // The short bodies are requested after the second body, and arrive before that body.
        for _ in 0..<20 { _ = try await transport.send(Self.get(server.url + "/short")) }
        #expect(!isThere.withLock { $0 })
        #expect(large?.body.count == Self.page.utf8.count)
        large = nil
        #expect(await second.value == 60_000)
        await transport.shutdown()
    }

    @Test("a compressed body that is incomplete, or is followed by other data, is refused")
    func broken() async throws {
        let packed = gzip(Self.page.utf8)
        let server = try LoopbackServer { request in
            let bytes = request.contains("/cut") ? Array(packed.dropLast(20)) : packed + Array("tail".utf8)
            let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bytes.count)\r\n\r\n"
            return .bytes(Array(head.utf8) + bytes)
        }
        let transport = try CurlTransport()
        for path in ["/cut", "/tail"] {
            do {
                _ = try await transport.send(HTTPRequest(.get, server.url + path))
                Issue.record("the body of \(path) was accepted")
            } catch {
                #expect(error.kind == .protocol)
            }
        }
        await transport.shutdown()
    }
}
