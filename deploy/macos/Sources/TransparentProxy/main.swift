import Darwin
import Foundation
import NetworkExtension

// Each flow needs a descriptor, and the default limit is 256.
var limit = rlimit()
if getrlimit(RLIMIT_NOFILE, &limit) == 0 {
    limit.rlim_cur = min(limit.rlim_max, rlim_t(OPEN_MAX))
    setrlimit(RLIMIT_NOFILE, &limit)
}

autoreleasepool {
    NEProvider.startSystemExtensionMode()
}
dispatchMain()
