/* student.h - Student's t, for confidence intervals.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_STUDENT_H
#define BASE_STUDENT_H

#include <stdint.h>

/* Half the width of a 95 % interval, in standard errors: the 0.975 quantile
 * for df >= 1 degrees of freedom.  Beyond 30, a curve through the table's end
 * and the normal distribution's 1.96: within 0.003. */
static inline double
student_95(uint64_t df)
{
	static const double t[] = {
	    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
	    2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
	    2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
	    2.060,  2.056, 2.052, 2.048, 2.045, 2.042,
	};

	return df <= sizeof(t) / sizeof(*t) ? t[df - 1]
					    : 1.96 + 2.46 / (double)df;
}

#endif
