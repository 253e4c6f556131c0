import Time

/// This module's calendar type. Only this file depends on the module `Time` for it.
typealias CivilTime = Time.CivilTime
