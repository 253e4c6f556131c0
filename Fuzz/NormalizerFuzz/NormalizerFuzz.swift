import NormalizerCheck
import OCSF

/// The function that libFuzzer calls. The first byte chooses how the rest is read (an event, a page, a stream), and the settings.
@_cdecl("LLVMFuzzerTestOneInput")
public func normalizerFuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let choice = start[0]
    let bytes = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    var check = OutcomeCheck(reader: bench.reader)
    switch choice & 3 {
    case 0, 1: check.event(bytes, bench.normalizers[Int(choice >> 2) & 7], bench.source)
    case 2: check.page(bytes, bench.normalizers[Int(choice >> 2) & 7], bench.source)
    default:
        _ = check.stream(bytes, step: Int(choice >> 2))
    }
    if let trouble = check.trouble { fatalError(trouble) }
    return 0
}

/// Normalizers with different settings. They need no lock, because libFuzzer calls from one thread.
private struct Bench: @unchecked Sendable {
    let reader: Normalizer
    let normalizers: [Normalizer]
    let source = EventSource(orgHost: "acme.okta.com", logURL: "https://acme.okta.com/api/v1/logs")

    init() {
        do {
            let catalog = try EventCatalog.builtIn()
            reader = try Normalizer(catalog: catalog, settings: NormalizerSettings())
            normalizers = try (0..<8).map { bits in
                try Normalizer(
                    catalog: catalog,
                    settings: NormalizerSettings(
                        rawData: bits & 1 != 0, observables: bits & 2 != 0, datetime: bits & 4 != 0,
                        flattenUnmapped: bits & 4 != 0))
            }
        } catch {
            fatalError("\(error)")
        }
    }
}

private let bench = Bench()
