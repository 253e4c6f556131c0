import Collector
import FoundationEssentials
import LocalServer

/// The JSON documents that the status page reads.
enum StatusDocuments {
    static let contentType = "application/json"

    static func status(_ snapshot: Snapshot) -> [UInt8] {
        let whole = WholeStatus(
            report: snapshot.report, destinations: snapshot.destinations, isReady: snapshot.isReady)
        return (try? Array(whole.encoded())) ?? Array("{}".utf8)
    }

    /// The samples of the last hours and the most recent problems. The JSON is written without an encoder, because an encoder would be slow: a
    /// thousand integrations have 360,000 numbers.
    static func history(_ history: RateHistory, _ troubles: TroubleLog) -> [UInt8] {
        let encoder = encoder()
        func json(_ value: some Encodable) -> [UInt8] { (try? Array(encoder.encode(value))) ?? Array("null".utf8) }
        var out = Array("{\"interval_seconds\":\(history.interval),\"troubles\":".utf8)
        out += json(troubles.entries)
        out += Array(",\"integrations\":{".utf8)
        var isFirst = true
        for (name, series) in history.series.sorted(by: { $0.key < $1.key }) {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            out += json(name)
            out += Array(":{\"events\":".utf8)
            append(series.events, to: &out)
            out += Array(",\"lag\":".utf8)
            append(series.lag, to: &out)
            out.append(UInt8(ascii: "}"))
        }
        out += Array("}}".utf8)
        return out
    }

    private static func append(_ numbers: [UInt32], to out: inout [UInt8]) {
        out.append(UInt8(ascii: "["))
        for (index, number) in numbers.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            if number == RateHistory.unknown {
                out += [0x6E, 0x75, 0x6C, 0x6C]
            } else {
                out += Array(String(number).utf8)
            }
        }
        out.append(UInt8(ascii: "]"))
    }

    private static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
