import Testing

@testable import OCSF

@Suite("reading JSON") struct JSONReadingTests {
    @Test(
        "text that RFC 8259 allows becomes a record",
        arguments: [
            "{}", " {} ", "{\"a\":1}", "{\"a\":-0}", "{\"a\":0.5e+10}", "{\"a\":1E9}", "{\"a\":[]}", "{\"a\":[[],{}]}",
            "{\"a\":\"\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "{\"\":1}", "{\"a\":\"\u{7f}\u{1F600}\"}",
            "\r\n{\t\"a\" : true ,\n\"b\":false, \"c\":null }\n", "{\"a\":\"\\u0000\"}", "{\"a\\u0062\":1,\"ac\":2}",
            // RFC 8259, section 6: numbers with any digits, fraction and exponent, of any size.
            "{\"a\":0,\"b\":-0.0,\"c\":0e0,\"d\":0E-0,\"e\":10,\"f\":1.50,\"g\":-1e+01,\"h\":1e300,\"i\":1e-400}",
            "{\"a\":[0,1,-1,0.1,1e1],\"b\":[[[[[[]]]]]],\"c\":[null,true,false,\"\",{},[]]}",
            // RFC 8259, section 7: every escape, hexadecimal digits in either case, and characters that need no escape (DEL, U+2028, solidus).
            "{\"a\":\"\\u00E9\\u00e9\\uABCD\\uabcd\",\"b\":\"/\",\"c\":\"\u{2028}\u{2029}\u{80}\u{FFFF}\u{FFFE}\u{10FFFF}\"}",
            "{\"a\":\"\\uD83D\\uDE00\\udbff\\udfff\\ud800\\udc00\\uffff\\ufdd0\"}", "{\"\\u0000\":1,\"\\u0001\":2}",
            "{\"a\":\"\u{FEFF}\"}", "{\"\\\"\":1,\"\\\\\":2,\"\\/\":3}", "{\"a\":\"'\"}",
            // RFC 8259, section 4: names are compared by characters, and case matters; the same name may occur in another object.
            "{\"a\":1,\"A\":2}", "{\"\u{E9}\":1,\"e\u{301}\":2}", "{\"a\":[{\"b\":1},{\"b\":1}],\"b\":{\"a\":1}}",
            "{\"a\" \n:\t1\r,\"b\":[ 1 , 2 ] }  ", "{\"a\":{\"a\":{\"a\":1}}}",
            "{\"a\":123456789012345678901234567890}",
        ])
    func accepted(text: String) throws {
        let sink = try normalize(Array(text.utf8))
        #expect(sink.records.count == 1)
        _ = try JSON(sink.records[0].text)
    }

    @Test(
        "text that RFC 8259 does not allow, or leaves undefined, is set aside with the reason",
        arguments: [
            ("", .syntax), ("[]", .notAnObject), ("\"a\"", .notAnObject), ("1", .notAnObject), ("{", .syntax),
            ("{\"a\"}", .syntax), ("{\"a\":}", .syntax), ("{\"a\":1,}", .syntax), ("{,}", .syntax),
            ("{\"a\":1 \"b\":2}", .syntax),
            ("{\"a\":[1,]}", .syntax), ("{\"a\":[1}", .syntax), ("{a:1}", .syntax), ("{'a':1}", .syntax),
            ("{\"a\":1}x", .syntax),
            ("{\"a\":1}{}", .syntax), ("{\"a\":01}", .badNumber), ("{\"a\":+1}", .syntax), ("{\"a\":1.}", .badNumber),
            ("{\"a\":.5}", .syntax), ("{\"a\":1e}", .badNumber), ("{\"a\":0x1}", .badNumber), ("{\"a\":NaN}", .syntax),
            ("{\"a\":-}", .badNumber), ("{\"a\":-Infinity}", .badNumber), ("{\"a\":nul}", .syntax),
            ("{\"a\":True}", .syntax),
            ("{\"a\":\"\\x\"}", .badEscape), ("{\"a\":\"\\u12g4\"}", .badEscape), ("{\"a\":\"\\u12\"}", .badEscape),
            ("{\"a\":\"\\ud83d\"}", .loneSurrogate), ("{\"a\":\"\\ude00\"}", .loneSurrogate),
            ("{\"a\":\"\\ud83d\\u0041\"}", .loneSurrogate), ("{\"\\ud83d\":1}", .loneSurrogate),
            ("{\"a\":\"\u{01}\"}", .controlCharacter), ("{\"a\":\"\n\"}", .controlCharacter),
            ("{\"a\":\"b}", .unclosedString),
            ("{\"a\":1,\"a\":1}", .duplicateKey), ("{\"a\":1,\"\\u0061\":2}", .duplicateKey),
            ("{\"x\":{\"b\":1,\"c\":2,\"b\":3}}", .duplicateKey), ("\u{feff}{}", .syntax), ("{\"a\":1 1}", .syntax),
            ("{\"a\":\"b\"c}", .syntax), ("{\"a\":1\"b\"}", .badNumber), ("{\"a\"\"b\":1}", .syntax),
            ("{1:2}", .syntax),
            // RFC 8259, section 2: only four characters are white space, and a text has exactly one value.
            ("{\"a\":\u{0B}1}", .syntax), ("{\"a\":\u{0C}1}", .syntax), ("{\"a\":\u{A0}1}", .syntax),
            ("{\u{2028}\"a\":1}", .syntax),
            ("{}\u{0}", .syntax), ("\u{0}{}", .syntax), (" ", .syntax), ("\n", .syntax), ("{}1", .syntax),
            ("{},", .syntax), ("}{", .syntax),
            ("{]", .syntax), ("[}", .syntax), ("}", .syntax), ("]", .syntax), ("{\"a\":[}", .syntax),
            ("{\"a\":{]}", .syntax),
            ("{\"a\":[1}]", .syntax), ("{\"a\":[[1]}", .syntax), ("{\"a\":{\"b\":1]}", .syntax),
            // RFC 8259, section 3: there are three literals, in lower case; the root is an object.
            ("null", .notAnObject), ("true", .notAnObject), ("{\"a\":TRUE}", .syntax), ("{\"a\":Null}", .syntax),
            ("{\"a\":truee}", .syntax),
            ("{\"a\":falsey}", .syntax), ("{\"a\":undefined}", .syntax), ("{\"a\":Infinity}", .syntax),
            ("{\"a\":true false}", .syntax),
            // RFC 8259, sections 4 and 5: names are strings; no missing or additional commas; no comments.
            ("{null:1}", .syntax), ("{[]:1}", .syntax), ("{\"a\":1,,\"b\":2}", .syntax), ("{,\"a\":1}", .syntax),
            ("{\"a\",1}", .syntax),
            ("{\"a\"::1}", .syntax), ("{\"a\":1:2}", .syntax), ("{:1}", .syntax), ("{\"a\":[,1]}", .syntax),
            ("{\"a\":[1,,2]}", .syntax),
            ("{\"a\":[1 2]}", .syntax), ("{\"a\":[1:2]}", .syntax), ("{\"a\":[\"b\":1]}", .syntax),
            ("{\"a\":1/**/}", .badNumber),
            ("{/**/\"a\":1}", .syntax), ("{\"a\":1}//", .syntax), ("{\"a\":1;\"b\":2}", .badNumber),
            ("{\"a\"=1}", .syntax),
            // RFC 8259, section 6: numbers.
            ("{\"a\":-01}", .badNumber), ("{\"a\":00}", .badNumber), ("{\"a\":1.e1}", .badNumber),
            ("{\"a\":1.5.5}", .badNumber),
            ("{\"a\":1e+}", .badNumber), ("{\"a\":1e1.5}", .badNumber), ("{\"a\":--1}", .badNumber),
            ("{\"a\":1-}", .badNumber),
            ("{\"a\":1_000}", .badNumber), ("{\"a\":-.5}", .badNumber), ("{\"a\":1e1e1}", .badNumber),
            ("{\"a\":1a}", .badNumber),
            ("{\"a\":\u{FF11}}", .syntax), ("{\"a\":1\u{0}}", .badNumber), ("{\"a\":- 1}", .badNumber),
            // RFC 8259, section 7: strings.
            ("{\"a\":\"\\a\"}", .badEscape), ("{\"a\":\"\\'\"}", .badEscape), ("{\"a\":\"\\U0041\"}", .badEscape),
            ("{\"a\":\"\\u\"}", .badEscape), ("{\"a\":\"\\u004\"}", .badEscape), ("{\"a\":\"\\u+041\"}", .badEscape),
            ("{\"a\":\"\\u00 1\"}", .badEscape), ("{\"\\q\":1}", .badEscape), ("{\"a\":\"\\0\"}", .badEscape),
            ("{\"a\":\"\\\u{E9}\"}", .badEscape), ("{\"a\":\"\u{0}\"}", .controlCharacter),
            ("{\"a\":\"\t\"}", .controlCharacter),
            ("{\"a\":\"\u{1F}\"}", .controlCharacter), ("{\"\r\":1}", .controlCharacter),
            ("{\"a\":\"\\\"}", .unclosedString),
            ("{\"a", .unclosedString), ("{\"a\":\"\\", .unclosedString),
            // RFC 8259, section 8.2: surrogates.
            ("{\"a\":\"\\ud800\\ud800\"}", .loneSurrogate), ("{\"a\":\"\\udc00\\ud800\"}", .loneSurrogate),
            ("{\"a\":\"\\uDBFF\"}", .loneSurrogate), ("{\"a\":\"\\uDFFF\"}", .loneSurrogate),
            ("{\"a\":\"\\ud83d\\n\"}", .loneSurrogate), ("{\"a\":\"\\ud83d\\u12\"}", .loneSurrogate),
            ("{\"\":1,\"\":2}", .duplicateKey), ("{\"\u{E9}\":1,\"\\u00e9\":2}", .duplicateKey),
            ("{\"/\":1,\"\\/\":2}", .duplicateKey), ("{\"\\ud83d\\ude00\":1,\"\u{1F600}\":2}", .duplicateKey),
        ] as [(String, RejectionReason)])
    func refused(text: String, reason: RejectionReason) throws {
        let sink = try normalize(Array(text.utf8))
        #expect(sink.records.isEmpty)
        #expect(sink.rejections.map(\.rejection.reason) == [reason])
        #expect(sink.rejections.first?.offset == 7)
    }

    @Test(
        "bytes that are not UTF-8 are refused",
        arguments: [
            [0xFF], [0xFE], [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80],
            [0xED, 0xBF, 0xBF],
            [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xF0, 0x80, 0x80, 0xAF], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xC3, 0xA9, 0x80],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) throws {
        let sink = try normalize(Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8))
        #expect(sink.rejections.map(\.rejection.reason) == [.notUTF8])
        let line = sink.rejections[0].rejection.line(
            event: sink.rejections[0].event.withUnsafeBytes { UnsafeRawBufferPointer($0) }, offset: 7, collectedAt: 5)
        #expect(try JSON(String(decoding: line, as: UTF8.self)).text("event_base64") != nil)
    }

    @Test("values just inside the limits are accepted, and values outside are refused")
    func limits() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)).utf8)
        }
        #expect(try normalize(nested(64)).records.count == 1)
        #expect(try normalize(nested(65)).rejections.first?.rejection.reason == .tooDeep)
        #expect(try normalize(nested(100_000)).rejections.first?.rejection.reason == .tooDeep)
        let long = Array("{\"a\":\"".utf8) + [UInt8](repeating: 0x61, count: JSONTape.maximumBytes) + Array("\"}".utf8)
        #expect(try normalize(long).rejections.first?.rejection.reason == .tooLarge)
        let inside =
            Array("{\"a\":\"".utf8) + [UInt8](repeating: 0x61, count: JSONTape.maximumBytes - 8) + Array("\"}".utf8)
        #expect(try normalize(inside).records.count == 1)
        // RFC 8259, section 6, sets no range for numbers, so 1e400 is accepted, although some readers have no type for it.
        #expect(try normalize(Array("{\"a\":1e400}".utf8)).records.count == 1)
        let digits = "{\"a\":" + String(repeating: "1", count: 1_025) + "}"
        #expect(try normalize(Array(digits.utf8)).rejections.first?.rejection.reason == .longNumber)
        let many = "{\"a\":[" + String(repeating: "0,", count: 200_000) + "0]}"
        #expect(try normalize(Array(many.utf8)).rejections.first?.rejection.reason == .tooManyValues)
    }

    @Test("a key that occurs twice is detected in an object of any size", arguments: [2, 31, 32, 33, 34, 500, 20_000])
    func duplicates(count: Int) throws {
        let members = (0..<count).map { "\"key\($0)\":\($0)" }
        #expect(try normalize(Array("{\(members.joined(separator: ","))}".utf8)).records.count == 1)
        let doubled = members + ["\"k\\u0065y\(count / 2)\":0"]
        #expect(
            try normalize(Array("{\(doubled.joined(separator: ","))}".utf8)).rejections.first?.rejection.reason
                == .duplicateKey)
    }

    @Test("each escape is checked, wherever the other strings have escapes", arguments: ["\\\\", "\\n", "plain", ""])
    func mixedEscapes(other: String) throws {
        let normalizer = try makeNormalizer()
        let strings = 12
        for wrong in 0...strings {
            var sink = Collected()
            let members = (0..<strings).map { number in
                // The wrong string is a name or a value. The strings around it have escapes or none.
                let text = number == wrong ? "\\x" : number.isMultiple(of: 3) ? other : "v"
                return wrong.isMultiple(of: 2) ? "\"\(number)\":\"\(text)\"" : "\"\(number)\(text)\":\"\(other)\""
            }
            Array("{\(members.joined(separator: ","))}".utf8).withUnsafeBytes {
                normalizer.normalizeEvent($0, source: acme, offset: 0, collectedAt: collectedAt, into: &sink)
            }
            #expect(sink.rejections.map(\.rejection.reason) == (wrong < strings ? [.badEscape] : []))
        }
    }

    @Test("the reader does not read beyond the last byte of an event")
    func endOfMemory() throws {
        // The last event ends directly before a page that can't be accessed.
        let normalizer = try makeNormalizer()
        for text in [
            "{\"a\":1}", "{\"eventType\":\"user.session.start\",\"k\":\"\\\\\"}", "{\"b\":[true]}",
            "{\"c\":\"\\u0041\"}",
        ] {
            try withGuardedMemory(Array(text.utf8)) { bytes in
                var sink = Collected()
                normalizer.normalizeEvent(bytes, source: acme, offset: 0, collectedAt: collectedAt, into: &sink)
                #expect(sink.records.count == 1)
            }
        }
    }
}
