import CSimdjson
import FoundationEssentials
import Glibc

/// Reads a line of a spool. The line is a record, or describes an event that could not become a record. The result contains what is needed to create
/// the record again: the event as Okta sent it, and where the event came from.
///
/// An instance must be used by one task at a time. Its results are valid until the next line is read.
package final class RecordReader {
    /// The content of a line.
    package enum Content {
        case event(RecordedEvent)
        /// The record does not contain the event, because `raw_data` was off.
        case noRawData
        /// The line is not a record; the text says why.
        case unreadable(String)
    }

    private enum Key: UInt16, CaseIterable {
        case metadata = 1
        case uid, tenant_uid, log_source, time, raw_data, raw_data_size
        case reason, event, event_base64, offset, collected_at
    }

    private let tape: JSONTape
    private var bytes: UnsafeMutableRawBufferPointer

    /// Nil if there is not enough memory.
    package init?() {
        // A record contains its event up to three times, with escapes, so it can be much larger than the event.
        guard let tape = JSONTape(keys: Key.allCases.map { ("\($0)", $0.rawValue) }, scale: 16) else { return nil }
        self.tape = tape
        bytes = .allocate(byteCount: 64 << 10, alignment: 16)
    }

    deinit { bytes.deallocate() }

    package func read(_ line: UnsafeRawBufferPointer) -> Content {
        let nodes: JSONNode
        switch tape.parse(line) {
        case .failure(let rejection): return .unreadable("the line \(rejection.reason.explanation)")
        case .success(let parsed): nodes = parsed.nodes
        }
        guard let start = line.baseAddress?.assumingMemoryBound(to: UInt8.self),
            Int(nodes.pointee.kind) == TRIBUTARY_JSON_OBJECT
        else { return .unreadable("the line is not an object") }
        let view = View(nodes: nodes, bytes: start)
        return view.child(nodes, .reason) == nil ? record(view) : rejected(view)
    }

    private func record(_ view: View) -> Content {
        let metadata = view.child(view.nodes, .metadata)
        guard let uid = view.text(view.child(metadata, .uid)), let time = view.integer(view.child(view.nodes, .time))
        else { return .unreadable("the line lacks metadata.uid or time, so it is not a record") }
        guard let raw = view.text(view.child(view.nodes, .raw_data)) else { return .noRawData }
        guard let event = unescape(raw) else { return .unreadable("raw_data is not a string") }
        if let size = view.integer(view.child(view.nodes, .raw_data_size)), Int(size) != event.count {
            return .unreadable("raw_data has \(event.count) bytes, but raw_data_size says \(size)")
        }
        return .event(
            RecordedEvent(
                event: event, uid: UnsafeRawBufferPointer(start: uid.start, count: uid.count), time: time, offset: 0,
                tenant: view.text(view.child(metadata, .tenant_uid)).map(\.buffer),
                logSource: view.text(view.child(metadata, .log_source)).map(\.buffer)))
    }

    private func rejected(_ view: View) -> Content {
        guard let time = view.integer(view.child(view.nodes, .collected_at)) else {
            return .unreadable("the line lacks the time when the event was collected")
        }
        let event: UnsafeRawBufferPointer
        if let text = view.text(view.child(view.nodes, .event)), let whole = unescape(text) {
            event = whole
        } else if let text = view.text(view.child(view.nodes, .event_base64)),
            let data = Data(base64Encoded: Data(UnsafeRawBufferPointer(start: text.start, count: text.count)))
        {
            reserve(data.count)
            data.withUnsafeBytes { bytes.copyMemory(from: $0) }
            event = UnsafeRawBufferPointer(rebasing: bytes[..<data.count])
        } else {
            return .unreadable("the line does not contain the event")
        }
        let offset = view.integer(view.child(view.nodes, .offset)) ?? 0
        return .event(
            RecordedEvent(event: event, uid: nil, time: time, offset: Int(offset), tenant: nil, logSource: nil))
    }

    private func reserve(_ count: Int) {
        guard bytes.count < count else { return }
        bytes.deallocate()
        bytes = .allocate(byteCount: count * 2, alignment: 16)
    }

    /// Decodes the inside of a JSON string. The parser has already checked that every escape is complete and every surrogate is paired.
    private func unescape(_ text: JSONText) -> UnsafeRawBufferPointer? {
        reserve(text.count)
        var written = 0
        var at = 0
        while at < text.count {
            // Everything up to the next escape is copied at once.
            let rest = text.count - at
            let run =
                memchr(text.start + at, 0x5C, rest).map { $0 - UnsafeMutableRawPointer(mutating: text.start + at) }
                ?? rest
            if run > 0 {
                bytes.baseAddress?.advanced(by: written).copyMemory(from: text.start + at, byteCount: run)
                written += run
                at += run
            }
            guard at < text.count else { break }
            guard at + 1 < text.count else { return nil }
            let escape = text.start[at + 1]
            at += 2
            switch escape {
            case UInt8(ascii: "b"): put(8, &written)
            case UInt8(ascii: "f"): put(12, &written)
            case UInt8(ascii: "n"): put(10, &written)
            case UInt8(ascii: "r"): put(13, &written)
            case UInt8(ascii: "t"): put(9, &written)
            case UInt8(ascii: "u"):
                guard var scalar = Self.hexadecimal(text, at) else { return nil }
                at += 4
                if scalar & 0xFC00 == 0xD800 {
                    guard at + 6 <= text.count, let low = Self.hexadecimal(text, at + 2) else { return nil }
                    scalar = 0x10000 + (scalar & 0x3FF) << 10 + low & 0x3FF
                    at += 6
                }
                guard let character = Unicode.Scalar(scalar) else { return nil }
                for byte in UTF8.encode(character) ?? UTF8.encodedReplacementCharacter { put(byte, &written) }
            default: put(escape, &written)
            }
        }
        return UnsafeRawBufferPointer(rebasing: bytes[..<written])
    }

    private func put(_ byte: UInt8, _ written: inout Int) {
        bytes[written] = byte
        written += 1
    }

    private static func hexadecimal(_ text: JSONText, _ at: Int) -> UInt32? {
        guard at + 4 <= text.count else { return nil }
        var value: UInt32 = 0
        for index in at..<at + 4 {
            switch text.start[index] {
            case let digit where digit &- 0x30 < 10: value = value << 4 | UInt32(digit - 0x30)
            case let digit where digit | 0x20 &- 0x61 < 6: value = value << 4 | UInt32((digit | 0x20) - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }

    /// A parsed line.
    private struct View {
        let nodes: JSONNode
        let bytes: UnsafePointer<UInt8>

        func child(_ node: JSONNode?, _ key: Key) -> JSONNode? {
            node?.child(key.rawValue, in: nodes)
        }

        func text(_ node: JSONNode?) -> JSONText? {
            guard let node, Int(node.pointee.kind) == TRIBUTARY_JSON_STRING else { return nil }
            let size = Int(node.pointee.end - node.pointee.start) - 2
            return JSONText(
                start: bytes + Int(node.pointee.start) + 1, count: size,
                isEscaped: Int(node.pointee.flags) & TRIBUTARY_JSON_ESCAPED != 0)
        }

        func integer(_ node: JSONNode?) -> Int64? {
            guard let node, Int(node.pointee.kind) == TRIBUTARY_JSON_NUMBER else { return nil }
            let range = Int(node.pointee.start)..<Int(node.pointee.end)
            return Int64(
                String(
                    decoding: UnsafeBufferPointer(
                        rebasing: UnsafeBufferPointer(start: bytes, count: range.upperBound)[range]), as: UTF8.self))
        }
    }
}

/// An event that is stored in a spool.
package struct RecordedEvent {
    /// The event as Okta sent it.
    package let event: UnsafeRawBufferPointer
    /// The record's `metadata.uid`, without its quotes but with its escapes; nil if the event did not become a record.
    package let uid: UnsafeRawBufferPointer?
    /// Milliseconds since 1970: the time of the record, or the time of collection if the event did not become a record.
    package let time: Int64
    /// The event's position in its page, in bytes; 0 if it is not known.
    package let offset: Int
    /// The record's `tenant_uid`: the org's host.
    package let tenant: UnsafeRawBufferPointer?
    /// The record's `log_source`: the address from which the log was read.
    package let logSource: UnsafeRawBufferPointer?
}

extension JSONText {
    fileprivate var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
}
