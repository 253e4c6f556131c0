import CurlHTTPClient
import FoundationEssentials

/// What Okta says about a request that it refused. Each part is nil or empty if it is missing.
///
/// Two forms exist: the API's (`errorCode`, `errorSummary`, `errorCauses`, a list of objects or of strings) and OAuth's (`error`,
/// `error_description`). Edge servers may answer with HTML or an empty body. The code and the summary are then nil, and there are no causes.
package struct OktaError: Sendable, Hashable {
    /// The code, such as `E0000011` or OAuth's `invalid_client`: letters, digits, `_`, `-` and `.`. Okta documents only this part as stable.
    package var code: String?
    /// Text for people. It may contain user input, so it is limited to one line.
    package var summary: String?
    /// The underlying causes: at most eight, each one line.
    package var causes: [String]
    /// Whether the body begins with `<`, apart from white space. It is then taken for a web page: something other than the API has answered.
    package var isHTML: Bool

    /// Reads at most the first 64 KiB of `body`.
    package init(body: [UInt8]) {
        let bounded = body.prefix(64 << 10)
        let start = bounded.first { !($0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0D)) }
        isHTML = start == 0x3C
        let form = start == 0x7B ? try? JSONDecoder().decode(Form.self, from: Data(bounded)) : nil
        code = (form?.errorCode ?? form?.error).flatMap(Self.plainCode)
        summary = (form?.errorSummary ?? form?.errorDescription).map { $0.oneLine(limit: 300) }
        causes = (form?.causes ?? []).prefix(8).map { $0.oneLine(limit: 200) }
    }

    /// The code, the summary and the causes in one line, such as `E0000011: Invalid token provided`. If there is neither a code nor a summary,
    /// the text says that the answer is a web page; it is `nil` if the answer is not a web page.
    package var text: String? {
        let parts = [code, summary].compactMap(\.self).filter { !$0.isEmpty }
        guard !parts.isEmpty else { return isHTML ? "the answer is a web page, not Okta's JSON" : nil }
        return parts.joined(separator: ": ") + (causes.isEmpty ? "" : " [\(causes.joined(separator: "; "))]")
    }

    private static func plainCode(_ text: String) -> String? {
        let isPlain = text.utf8.allSatisfy { byte in
            (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || "_-.".utf8.contains(byte)
        }
        return !text.isEmpty && text.utf8.count <= 64 && isPlain ? text : nil
    }

    private struct Form: Decodable {
        var errorCode, errorSummary, error, errorDescription: String?
        var causes: [String]

        enum Key: String, CodingKey {
            case errorCode, errorSummary, errorCauses, error
            case errorDescription = "error_description"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            errorCode = try? fields.decode(String.self, forKey: .errorCode)
            errorSummary = try? fields.decode(String.self, forKey: .errorSummary)
            error = try? fields.decode(String.self, forKey: .error)
            errorDescription = try? fields.decode(String.self, forKey: .errorDescription)
            causes = (try? fields.decode([Cause].self, forKey: .errorCauses))?.compactMap(\.text) ?? []
        }
    }

    private struct Cause: Decodable {
        var text: String?

        enum Key: String, CodingKey { case errorSummary }

        init(from decoder: any Decoder) throws {
            if let plain = try? decoder.singleValueContainer().decode(String.self) {
                text = plain
            } else {
                text = try? decoder.container(keyedBy: Key.self).decode(String.self, forKey: .errorSummary)
            }
        }
    }
}
