/// Finds single elements in AWS's small XML documents.
enum XMLElement {
    /// The text of the first element called `name`; `nil` if there is no such element. Decodes the five predefined entities, and numeric references
    /// to quotes.
    static func text(_ name: String, in document: [UInt8]) -> String? {
        guard let start = document.firstRange(of: Array("<\(name)>".utf8)),
            let end = document[start.upperBound...].firstRange(of: Array("</\(name)>".utf8))
        else { return nil }
        var text = String(decoding: document[start.upperBound..<end.lowerBound], as: UTF8.self)
        for (entity, character) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&apos;", "'"), ("&#39;", "'"),
            ("&amp;", "&"),
        ] { text = text.replacing(entity, with: character) }
        return text
    }
}
