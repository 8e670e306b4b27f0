/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What VART, XIR and the C++ library throw, as text. */

#pragma once

#include <UniLog/UniLog.hpp>

#include <exception>
#include <string>

/**
 * dpu_describe_exception:
 *
 * For use in a handler of everything: catch (...).
 *
 * Returns: what was thrown says of itself
 */
inline std::string
dpu_describe_exception ()
{
  try {
    throw;
  } catch (const std::exception &exception) {
    return exception.what ();
  } catch (const ErrorCode &check) {
    return check.getErrID () + ": " + check.getErrDsp ();
  } catch (...) {
    return "unknown reason";
  }
}
